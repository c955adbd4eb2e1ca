using System.Text;
using System.Text.Json;

namespace Cairn.Trails.Index;

/// <summary>What a member of a record's own object tells; values below 100 are those of <see cref="RecordField"/>.</summary>
internal enum Member
{
    Other = 0,
    Credential = RecordField.Credential,
    Decision = RecordField.Decision,
    Type = RecordField.Type,
    Person = RecordField.Person,
    Policy = RecordField.Policy,
    Key = RecordField.Key,
    ParentCredential = RecordField.ParentCredential,
    Party = RecordField.Party,
    Resource = 100,
    Status,
    Principal,
    Act,
    Bytes,
}

/// <summary>Which members of which kinds (docs/spec/records.md §4) tell what: by the kind's first word, or the whole kind.</summary>
internal static class RecordMembers
{
    private static readonly (byte[] Name, Member Member, byte[][] Kinds)[][] ByLength = Arrange(
        ("type", Member.Type, ["action."]),
        ("resource", Member.Resource, ["action.", "effect.", "credential."]),
        ("status", Member.Status, ["action.", "effect.", "task.", "policy."]),
        ("credential", Member.Credential, ["action."]),
        ("id", Member.Credential, ["credential."]),
        ("parent", Member.ParentCredential, ["credential."]),
        ("decision", Member.Decision, ["policy.", "approval."]),
        ("bundle", Member.Policy, ["policy."]),
        ("digest", Member.Policy, ["policy."]),
        ("version", Member.Policy, ["policy."]),
        ("name", Member.Policy, ["policy."]),
        ("determining", Member.Policy, ["policy."]),
        ("principal", Member.Principal, ["task.", "effect."]),
        ("subject", Member.Person, ["credential."]),
        ("approver", Member.Person, ["approval."]),
        ("by", Member.Person, ["ledger.", "credential."]),
        ("holder_key", Member.Key, ["credential."]),
        ("key", Member.Key, ["ledger."]),
        ("new", Member.Key, ["ledger."]),
        ("old", Member.Key, ["ledger."]),
        ("actors", Member.Party, ["credential."]),
        ("from", Member.Party, ["delegation."]),
        ("to", Member.Party, ["delegation."]),
        ("emitter", Member.Party, ["ledger."]),
        ("action", Member.Act, ["policy.", "approval.", "credential.", "effect."]),
        ("requested", Member.Act, ["action.completed"]));

    /// <summary>What the member whose name the reader stands at tells.</summary>
    public static Member Find(ref Utf8JsonReader json, ReadOnlySpan<byte> kind)
    {
        // A name with an escape is longer than it says; it is looked for among all.
        var length = json.ValueSpan.Length;
        if (json.ValueIsEscaped)
        {
            Span<byte> name = stackalloc byte[length];
            return Find(name[..json.CopyString(name)], kind);
        }

        return Find(json.ValueSpan, kind);
    }

    private static Member Find(ReadOnlySpan<byte> name, ReadOnlySpan<byte> kind)
    {
        if (name.Length < ByLength.Length)
        {
            foreach (var (known, member, kinds) in ByLength[name.Length])
            {
                if (name.SequenceEqual(known))
                {
                    foreach (var start in kinds)
                    {
                        if (kind.StartsWith(start))
                        {
                            return member;
                        }
                    }
                }
            }
        }

        return Member.Other;
    }

    private static (byte[] Name, Member Member, byte[][] Kinds)[][] Arrange(params (string Name, Member Member, string[] Kinds)[] members)
    {
        var byLength = new (byte[], Member, byte[][])[members.Max(member => member.Name.Length) + 1][];
        for (var length = 0; length < byLength.Length; length++)
        {
            byLength[length] = [.. members.Where(member => member.Name.Length == length)
                .Select(member => (Encoding.ASCII.GetBytes(member.Name), member.Member, member.Kinds.Select(Encoding.ASCII.GetBytes).ToArray()))];
        }

        return byLength;
    }
}
