using System.Text.Json;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Tests.Statements;

/// <summary>docs/spec/vectors/statements, made by an implementation that shares no code with this one.</summary>
public class StatementVectorTests
{
    private static readonly JsonElement Vectors = SpecFiles.Json("vectors/statements/statements.json");
    private static readonly JsonElement Svids = SpecFiles.Json("vectors/statements/svids.json");

    public static TheoryData<string> Valid => Names(Vectors, "valid");

    public static TheoryData<string> Malformed => Names(Vectors, "malformed");

    public static TheoryData<string> Unverified => Names(Vectors, "unverified");

    public static TheoryData<string> Chains => Names(Svids, "cases");

    [Theory]
    [MemberData(nameof(Valid))]
    public void Statement_decodes_and_verifies(string name)
    {
        var vector = Find(Vectors, "valid", name);

        var statement = SignedStatement.Decode(vector.Hex("hex"));

        using var key = Key(vector);
        Assert.True(statement.Verify(key));
        Assert.Equal(vector.Text("sha256"), statement.Hash.ToString());
        Assert.Equal(vector.Text("leaf_hash"), statement.LeafHash.ToString());
        Assert.Equal("spiffe://example.org/gateway/one", statement.Issuer.ToString());
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Statement_is_refused_when_decoding(string name) =>
        Assert.Throws<EvidenceFormatException>(() => SignedStatement.Decode(Find(Vectors, "malformed", name).Hex("hex")));

    [Fact]
    public void Statement_that_is_refused_says_why_each_in_its_own_words()
    {
        var messages = Vectors.GetProperty("malformed").EnumerateArray()
            .ToDictionary(one => one.Text("name"), one => Assert.Throws<EvidenceFormatException>(() => SignedStatement.Decode(one.Hex("hex"))).Message);

        Assert.Contains("indefinite", messages["indefinite array"], StringComparison.Ordinal);
        Assert.Contains("indefinite", messages["indefinite map"], StringComparison.Ordinal);
        Assert.Contains("bytewise order", messages["header map not in order"], StringComparison.Ordinal);
        Assert.Contains("key 1 again", messages["header key twice"], StringComparison.Ordinal);
        Assert.Contains("shortest form", messages["integer not in its shortest form"], StringComparison.Ordinal);
        Assert.Contains("shortest form", messages["length not in its shortest form"], StringComparison.Ordinal);
        Assert.Contains("1 more bytes", messages["trailing byte"], StringComparison.Ordinal);
        Assert.Contains("nothing unsigned is believed", messages["unprotected header not empty"], StringComparison.Ordinal);
        Assert.Contains("exactly one of kid", messages["two keys named"], StringComparison.Ordinal);
        Assert.Contains("lower of the two values of s", messages["higher s"], StringComparison.Ordinal);
        Assert.Contains("zeros at seq 0", messages["seq 1 without a previous statement"], StringComparison.Ordinal);
        Assert.Contains("the payload's stream", messages["subject is another stream"], StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Unverified))]
    public void Statement_decodes_but_does_not_verify(string name)
    {
        var vector = Find(Vectors, "unverified", name);

        var statement = SignedStatement.Decode(vector.Hex("hex"));

        using var key = Key(vector);
        Assert.False(statement.Verify(key));
    }

    [Fact]
    public void Statement_of_the_vectors_says_what_was_put_into_it()
    {
        var expected = Vectors.GetProperty("payload_of_second");
        var payload = SignedStatement.Decode(Find(Vectors, "valid", "ES256, certificate by its hash").Hex("hex")).Payload;

        Assert.Equal(expected.Text("stream"), payload.Stream.ToString());
        Assert.Equal(expected.GetProperty("seq").GetInt64(), payload.Seq);
        Assert.Equal(expected.Text("prev"), payload.Previous.ToString());
        Assert.Equal(expected.GetProperty("record_count").GetInt32(), payload.RecordCount);
        Assert.Equal(expected.Text("records_root"), payload.RecordsRoot.ToString());
        Assert.Equal(expected.GetProperty("known_size").GetInt64(), payload.KnownHead!.Value.Size);
        Assert.Equal(expected.Text("known_root"), payload.KnownHead.Value.Root.ToString());
    }

    [Theory]
    [MemberData(nameof(Chains))]
    public void SvidChain_agrees_with_the_vector(string name)
    {
        var vector = Find(Svids, "cases", name);

        var check = SvidChain.Verify(
            Certificates(vector, "chain"), SpiffeId.Parse(Svids.Text("id")), Certificates(vector, "roots"), DateTimeOffset.Parse(vector.Text("at")));

        Assert.Equal(vector.Text("fault").Replace("-", "", StringComparison.Ordinal), check.Fault.ToString(), ignoreCase: true);
        Assert.Equal(check.IsGood, check.Reason is null or "");
    }

    private static StatementKey Key(JsonElement vector) => vector.TryGetProperty("certificate", out _)
        ? StatementKey.FromCertificate(vector.Hex("certificate"))
        : StatementKey.FromSpki(vector.Hex("spki"));

    private static List<ReadOnlyMemory<byte>> Certificates(JsonElement vector, string member) =>
        [.. vector.GetProperty(member).EnumerateArray().Select(one => (ReadOnlyMemory<byte>)Convert.FromHexString(one.GetString()!))];

    private static JsonElement Find(JsonElement file, string list, string name) =>
        file.GetProperty(list).EnumerateArray().Single(one => one.Text("name") == name);

    private static TheoryData<string> Names(JsonElement file, string list) => [.. file.GetProperty(list).EnumerateArray().Select(one => one.Text("name"))];
}
