namespace Cairn.Evidence.Records;

/// <summary>
/// The actors that a thread read last, by the bytes of their JSON: a fixed number of places, each holding the newest that
/// fell on it. Actors that are many cost what they cost without it.
/// </summary>
internal sealed class SharedActors
{
    private const int Places = 64;

    // Who writes very long names gets no place.
    private const int LongestText = 1024;

    private readonly (byte[] Text, Actor Actor)[] _known = new (byte[], Actor)[Places];

    /// <summary>The actor of a record.</summary>
    public Actor Of(in RecordView view)
    {
        var text = view.ActorText;
        if (text.Length > LongestText)
        {
            return view.Actor;
        }

        var hash = new HashCode();
        hash.AddBytes(text);
        ref var place = ref _known[(uint)hash.ToHashCode() % Places];
        if (place.Text is null || !text.SequenceEqual(place.Text))
        {
            place = (text.ToArray(), view.Actor);
        }

        return place.Actor;
    }
}
