using System.Diagnostics;
using System.Globalization;

namespace Cairn.Evidence.Tests.Timestamps;

/// <summary>A timestamp authority made of `openssl ts`, whose clock faketime sets.</summary>
internal sealed class OpensslTimestamper : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cairn-timestamper-");

    /// <param name="begins">When its certificates become valid.</param>
    /// <param name="days">How long the signer's is.</param>
    public OpensslTimestamper(DateTimeOffset begins, int days = 30)
    {
        Write("root.ext", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n");
        Write("signer.ext", "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n");
        Write("ts.cnf", """
            [tsa]
            default_tsa = one
            [one]
            serial = serial
            default_policy = 1.3.6.1.4.1.13762.3
            digests = sha256
            signer_digest = sha256
            ess_cert_id_alg = sha256
            accuracy = secs:1
            """);
        Write("serial", "01\n");
        foreach (var name in new[] { "root", "signer" })
        {
            Openssl(begins, $"req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -subj /CN={name} -out {name}.csr");
        }

        Openssl(begins, "x509 -req -in root.csr -signkey root.key -set_serial 1 -days 3650 -extfile root.ext -out root.pem");
        Openssl(begins, $"x509 -req -in signer.csr -CA root.pem -CAkey root.key -set_serial 2 -days {days} -extfile signer.ext -out signer.pem");
        Openssl(begins, "x509 -in root.pem -outform DER -out root.der");
        Root = File.ReadAllBytes(Path("root.der"));
    }

    /// <summary>DER of the root certificate.</summary>
    public byte[] Root { get; }

    /// <summary>A token over the text, as if made at that time.</summary>
    public byte[] Stamp(ReadOnlySpan<byte> text, DateTimeOffset at)
    {
        File.WriteAllBytes(Path("text"), text);
        Openssl(at, "ts -query -data text -sha256 -cert -out query");
        Openssl(at, "ts -reply -config ts.cnf -queryfile query -signer signer.pem -inkey signer.key -token_out -out token");
        return File.ReadAllBytes(Path("token"));
    }

    /// <summary>Answers a request (RFC 3161 §2.4), as if at that time.</summary>
    public byte[] Answer(ReadOnlySpan<byte> query, DateTimeOffset at)
    {
        File.WriteAllBytes(Path("query"), query);
        Openssl(at, "ts -reply -config ts.cnf -queryfile query -signer signer.pem -inkey signer.key -out answer");
        return File.ReadAllBytes(Path("answer"));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    private void Write(string name, string text) => File.WriteAllText(Path(name), text);

    private void Openssl(DateTimeOffset at, string arguments)
    {
        var start = new ProcessStartInfo("faketime", $"-f \"@{at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}\" openssl {arguments}")
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["TZ"] = "UTC";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"openssl {arguments}: {error}{output.Result}");
    }
}
