namespace Cairn.Evidence.Statements;

/// <summary>
/// For each ECDSA signature (r, s) the pair (r, n - s) is good as well, so that anyone could change a statement's bytes
/// without its key. Only the lower of the two is written and accepted.
/// </summary>
internal static class LowS
{
    /// <summary>The order n of P-256 (SEC 2 §2.4.2).</summary>
    private static readonly byte[] Order = Convert.FromHexString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

    private static readonly byte[] Half = Convert.FromHexString("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");

    /// <summary>Whether s, the second half of r ‖ s, is at most n/2.</summary>
    public static bool Is(ReadOnlySpan<byte> signature) => signature[32..].SequenceCompareTo(Half) <= 0;

    /// <summary>Makes s the lower one, in place.</summary>
    public static void Normalize(Span<byte> signature)
    {
        if (Is(signature))
        {
            return;
        }

        var s = signature[32..];
        var borrow = 0;
        for (var i = s.Length - 1; i >= 0; i--)
        {
            var difference = Order[i] - s[i] - borrow;
            borrow = difference < 0 ? 1 : 0;
            s[i] = (byte)difference;
        }
    }
}
