using System.Formats.Asn1;

namespace Cairn.Evidence.Timestamps;

/// <summary>
/// The order of a token's signed attributes. The signature is over their DER, and a library that sorts them before it verifies
/// would accept what another one refuses.
/// </summary>
internal static class SignedAttributes
{
    /// <exception cref="EvidenceFormatException">The attributes are not a DER set with each type once.</exception>
    /// <exception cref="AsnContentException">The bytes are no SignedData.</exception>
    public static void Check(ReadOnlyMemory<byte> token)
    {
        var context = new Asn1Tag(TagClass.ContextSpecific, 0);
        var content = new AsnReader(token, AsnEncodingRules.DER).ReadSequence();
        _ = content.ReadObjectIdentifier();
        var data = content.ReadSequence(context).ReadSequence();
        _ = data.ReadInteger();
        _ = data.ReadEncodedValue();
        _ = data.ReadEncodedValue();
        while (data.HasData && data.PeekTag().TagClass == TagClass.ContextSpecific)
        {
            _ = data.ReadEncodedValue();
        }

        var signer = data.ReadSetOf().ReadSequence();
        _ = signer.ReadInteger();
        _ = signer.ReadEncodedValue();
        _ = signer.ReadEncodedValue();
        if (!signer.PeekTag().HasSameClassAndValue(context))
        {
            throw new EvidenceFormatException("expected signed attributes, found none");
        }

        // Read as a set: DER's order of its elements is checked on the way.
        var attributes = signer.ReadSetOf(context);
        var seen = new HashSet<string>();
        while (attributes.HasData)
        {
            if (!seen.Add(attributes.ReadSequence().ReadObjectIdentifier()))
            {
                throw new EvidenceFormatException("expected each signed attribute once, found one twice");
            }
        }
    }
}
