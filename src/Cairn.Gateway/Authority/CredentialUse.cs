using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity.Credentials;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>Drafts <c>credential.used</c>: the credential's public id, and never the credential.</summary>
internal static class CredentialUse
{
    public static RecordDraft Of(ActionUnderWay way, IssuedCredential credential, RecordId id) =>
        ActionRecords.Draft(RecordKinds.CredentialUsed, way, id, [], null, writer =>
        {
            writer.WriteString("id"u8, credential.Id);
            writer.WriteString("issuer"u8, credential.Issuer);
            writer.WriteString("subject"u8, credential.Subject);
            writer.WriteString("action"u8, way.Requested.ToString());
            writer.WriteString("resource"u8, way.Action.Resource);
            if (credential.HolderKey is { } key)
            {
                writer.WriteString("holder_key"u8, key);
            }

            writer.WriteString("proof"u8, credential.Prove is null ? "none" : "dpop");
        });
}
