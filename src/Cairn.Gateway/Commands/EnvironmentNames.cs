using System.Collections;
using Cairn.Gateway.Capture;

namespace Cairn.Gateway.Commands;

/// <summary>Which of the variables that steer what a program does are set. Names only: values are nowhere looked at.</summary>
internal static class EnvironmentNames
{
    private const int Most = 64;

    private static readonly string[] Names =
    [
        "BASH_ENV", "CLASSPATH", "EDITOR", "ENV", "IFS", "KUBECONFIG", "PATH", "PAGER", "SHELL", "TRACEPARENT", "VIRTUAL_ENV",
    ];

    private static readonly string[] Beginnings =
    [
        "AWS_", "AZURE_", "DOCKER_", "DOTNET_", "DYLD_", "GIT_", "GOOGLE_", "HTTPS_PROXY", "HTTP_PROXY", "JAVA_", "LD_", "NODE_", "NO_PROXY", "NPM_",
        "PERL5", "PIP_", "PYTHON", "RUBY", "RUSTC", "SSH_", "SSL_",
    ];

    /// <summary>The names that are set and of interest, in order; at most 64.</summary>
    public static string[] Of(IDictionary environment) =>
    [
        .. environment.Keys.Cast<string>()
            .Where(name => Names.Contains(name, StringComparer.Ordinal) || Beginnings.Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal).Take(Most).Select(name => ResourceNames.Bounded(name, 128)),
    ];
}
