using System.Formats.Cbor;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Receipts;

/// <summary>
/// A SCITT Transparent Statement (RFC 9943): a statement that carries receipts in its unprotected header. The ledger's
/// entry is the statement without them, with an empty unprotected header, and no other bytes (docs/spec/receipts.md §5).
/// </summary>
public sealed class TransparentStatement
{
    /// <summary>The most receipts: enough for both of a log's keys, more logs, and rotations.</summary>
    public const int MaxReceipts = 16;

    private const int CoseSign1Tag = 18;
    private const int ReceiptsLabel = 394;
    private const byte EmptyMap = 0xa0;

    private TransparentStatement(SignedStatement statement, IReadOnlyList<CoseReceipt> receipts) => (Statement, Receipts) = (statement, receipts);

    /// <summary>The statement as the ledger holds it.</summary>
    public SignedStatement Statement { get; }

    /// <summary>The receipts, at least one.</summary>
    public IReadOnlyList<CoseReceipt> Receipts { get; }

    /// <summary>Puts receipts to a statement.</summary>
    /// <exception cref="EvidenceFormatException">There are none, or too many.</exception>
    public static TransparentStatement Of(SignedStatement statement, IReadOnlyList<CoseReceipt> receipts)
    {
        ArgumentNullException.ThrowIfNull(statement);
        ArgumentNullException.ThrowIfNull(receipts);
        return receipts.Count is >= 1 and <= MaxReceipts
            ? new TransparentStatement(statement, receipts)
            : throw new EvidenceFormatException($"a transparent statement has 1 to {MaxReceipts} receipts, found {receipts.Count}");
    }

    /// <summary>Reads a transparent statement. Checks its form only: see <see cref="ReceiptCheck"/>.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a Cairn statement with receipts.</exception>
    public static TransparentStatement Decode(ReadOnlyMemory<byte> bytes)
    {
        const int MostBytes = SignedStatement.MaxBytes + (MaxReceipts * (CoseReceipt.MaxBytes + 3)) + 16;
        if (bytes.Length > MostBytes)
        {
            throw new EvidenceFormatException($"a transparent statement has at most {MostBytes} bytes, found {bytes.Length}");
        }

        var cbor = new DeterministicCbor(bytes, "transparent statement");
        cbor.ReadTag(CoseSign1Tag, "COSE_Sign1");
        cbor.ReadArray(4, "COSE_Sign1");
        cbor.ReadBytes("protected header");
        var start = cbor.At;
        if (cbor.ReadMap("unprotected header") is not 1 and var pairs)
        {
            throw cbor.Error(start, "unprotected header", "receipts (394) alone", $"{pairs} pairs");
        }

        var labelAt = cbor.At;
        if (cbor.ReadInteger("unprotected header") is not ReceiptsLabel and var label)
        {
            throw cbor.Error(labelAt, "unprotected header", "receipts (394)", $"{label}");
        }

        var countAt = cbor.At;
        var count = cbor.ReadArray("receipts");
        if (count is < 1 or > MaxReceipts)
        {
            throw cbor.Error(countAt, "receipts", $"1 to {MaxReceipts} receipts", $"{count}");
        }

        var receipts = new CoseReceipt[count];
        for (var i = 0; i < count; i++)
        {
            receipts[i] = CoseReceipt.Decode(cbor.ReadBytes("receipt"));
        }

        byte[] entry = [.. bytes[..start].Span, EmptyMap, .. bytes[cbor.At..].Span];
        return new TransparentStatement(SignedStatement.Decode(entry), receipts);
    }

    /// <summary>The transparent statement's bytes.</summary>
    public byte[] Encode()
    {
        var cbor = new DeterministicCbor(Statement.Bytes, "statement");
        cbor.ReadTag(CoseSign1Tag, "COSE_Sign1");
        cbor.ReadArray(4, "COSE_Sign1");
        cbor.ReadBytes("protected header");
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartMap(1);
        writer.WriteInt32(ReceiptsLabel);
        writer.WriteStartArray(Receipts.Count);
        foreach (var receipt in Receipts)
        {
            writer.WriteByteString(receipt.Bytes.Span);
        }

        writer.WriteEndArray();
        writer.WriteEndMap();
        return [.. Statement.Bytes[..cbor.At].Span, .. writer.Encode(), .. Statement.Bytes[(cbor.At + 1)..].Span];
    }
}
