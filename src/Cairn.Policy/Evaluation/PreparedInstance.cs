using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;

namespace Cairn.Policy.Evaluation;

/// <summary>An instance of the engine that holds one bundle's schema and, parsed already, the policies that it was asked for last.</summary>
internal sealed class PreparedInstance : IDisposable
{
    private readonly CedarInstance _instance;
    private readonly Dictionary<string, LinkedListNode<Slot>> _slots = new(StringComparer.Ordinal);
    private readonly LinkedList<Slot> _recent = [];
    private readonly Stack<string> _free = [];
    private readonly int _mostPolicies;
    private int _policies;

    /// <exception cref="CedarCallException">The engine does not take the schema.</exception>
    public PreparedInstance(PolicyBundle bundle, CedarModule module)
    {
        // Bounded by what is held, not by how many sets: a thousand sets of one policy cost as much as one of a thousand.
        _mostPolicies = 4096 + (2 * bundle.Policies.Count);
        _instance = new CedarInstance(module);
        try
        {
            Require(_instance.Call("preparseSchema", CedarCall.Schema, JsonSerializer.SerializeToUtf8Bytes(bundle.Schema)));
        }
        catch (CedarCallException)
        {
            _instance.Dispose();
            throw;
        }
    }

    public long MemoryBytes => _instance.MemoryBytes;

    public bool IsBroken => _instance.IsBroken;

    /// <summary>Puts a question to the engine.</summary>
    /// <param name="question">As <see cref="CedarCall.WriteQuestion"/> writes it.</param>
    /// <param name="slice">The policies.</param>
    /// <param name="fuel">The most work.</param>
    /// <returns>Cedar's <c>AuthorizationAnswer</c>; any number of threads may read it.</returns>
    /// <exception cref="CedarCallException">It did not end.</exception>
    public JsonElement Authorize(byte[] question, PolicySlice slice, ulong fuel)
    {
        var answer = _instance.StatefulIsAuthorized(CedarCall.Complete(question, Prepare(slice)), fuel);
        return JsonElement.Parse(answer, new JsonDocumentOptions { MaxDepth = 256 });
    }

    public void Dispose() => _instance.Dispose();

    /// <summary>The name that a slice's policies are prepared under.</summary>
    private string Prepare(PolicySlice slice)
    {
        if (_slots.TryGetValue(slice.Key, out var known))
        {
            _recent.Remove(known);
            _recent.AddFirst(known);
            return known.Value.Name;
        }

        while (_policies + slice.Count > _mostPolicies && _recent.Last is { } oldest)
        {
            _recent.RemoveLast();
            _slots.Remove(oldest.Value.Key);
            _policies -= oldest.Value.Cost;
            Require(_instance.Call("preparsePolicySet", oldest.Value.Name, "{}"u8.ToArray()));
            _free.Push(oldest.Value.Name);
        }

        var slot = new Slot(slice.Key, _free.TryPop(out var free) ? free : _slots.Count.ToString(CultureInfo.InvariantCulture), slice.Count + 1);
        Require(_instance.Call("preparsePolicySet", slot.Name, Encode(slice)));
        _policies += slot.Cost;
        _slots[slice.Key] = _recent.AddFirst(slot);
        return slot.Name;
    }

    private static byte[] Encode(PolicySlice slice)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            PolicySets.Write(writer, slice.Policies);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Require(byte[] answer)
    {
        using var document = JsonDocument.Parse(answer);
        if (document.RootElement.GetProperty("type").GetString() != "success")
        {
            throw new CedarCallException("the engine did not take what it had taken when the bundle was checked");
        }
    }

    private sealed record Slot(string Key, string Name, int Cost);
}
