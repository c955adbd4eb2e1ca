using System.Text;

namespace Cairn.Evidence.Witnessing;

/// <summary>How a witness's monitoring prefix names a log: SHA-256 of its origin, in lower-case hexadecimal (C2SP tlog-witness, "Monitor Retrieval Mechanism").</summary>
public static class OriginHash
{
    /// <summary>The 64 digits.</summary>
    public static string Of(string origin) => Digest.Sha256(Encoding.UTF8.GetBytes(origin)).ToString();
}
