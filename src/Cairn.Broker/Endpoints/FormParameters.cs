using Cairn.Identity.Credentials;
using Microsoft.AspNetCore.Http;

namespace Cairn.Broker.Endpoints;

/// <summary>
/// Parameters of a request in form encoding. None but <c>audience</c> and <c>resource</c> (RFC 8693 §2.1) may be there
/// twice, and one without a value counts as not there (RFC 6749 §3.2).
/// </summary>
internal sealed class FormParameters
{
    private static readonly string[] Repeatable = ["audience", "resource"];
    private readonly IFormCollection _form;

    /// <exception cref="CredentialRefusedException"><c>invalid_request</c>: one is there twice.</exception>
    public FormParameters(IFormCollection form)
    {
        _form = form;
        if (form.FirstOrDefault(p => p.Value.Count > 1 && !Repeatable.Contains(p.Key, StringComparer.Ordinal)) is { Key: { } name })
        {
            throw new CredentialRefusedException("invalid_request", $"the parameter \"{Excerpt(name)}\" is there more than once");
        }
    }

    public string? this[string name] => _form.TryGetValue(name, out var values) && values is [{ Length: > 0 } value] ? value : null;

    public IReadOnlyList<string> Many(string name) => _form.TryGetValue(name, out var values) ? [.. values.OfType<string>().Where(v => v.Length > 0)] : [];

    /// <summary>A list that spaces separate, such as <c>scope</c> (RFC 6749 §3.3).</summary>
    public IReadOnlyList<string> Words(string name) => this[name]?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static string Excerpt(string text) => new([.. text.Take(40).Where(c => c is > ' ' and < '\x7f' and not '"' and not '\\')]);
}
