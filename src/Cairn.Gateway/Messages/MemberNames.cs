using System.Text;

namespace Cairn.Gateway.Messages;

/// <summary>
/// The member names seen so far in each open object of a line, to find one that stands twice. Frames are reused; small
/// objects are compared one by one, larger ones by a set whose hash is seeded, so that no sender can make it slow.
/// </summary>
internal sealed class MemberNames
{
    private const int SmallObject = 8;
    private const int LargestKept = 256;
    private const int LongestCached = 32;

    /// <summary>Names repeat from object to object: one string for each saves allocating it again and again.</summary>
    private readonly string?[] _cache = new string?[256];

    private readonly List<Frame> _frames = [];
    private int _depth;

    public void Enter()
    {
        if (_frames.Count == _depth)
        {
            _frames.Add(new Frame());
        }

        _depth++;
    }

    public void Leave() => _frames[--_depth].Clear();

    /// <summary>Adds a name to the innermost object.</summary>
    /// <returns>False when it already stands there.</returns>
    public bool Add(string name) => _frames[_depth - 1].Add(name);

    /// <summary>The text of an unescaped UTF-8 name.</summary>
    public string Text(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > LongestCached)
        {
            return Encoding.UTF8.GetString(name);
        }

        ref var cached = ref _cache[(name[0] * 31 + name[^1] * 7 + name.Length) & 255];
        return cached is not null && Ascii.Equals(name, cached) ? cached : cached = Encoding.UTF8.GetString(name);
    }

    private sealed class Frame
    {
        private readonly List<string> _few = new(SmallObject);
        private HashSet<string>? _many;

        public bool Add(string name)
        {
            if (_many is { Count: > 0 })
            {
                return _many.Add(name);
            }

            if (_few.Contains(name))
            {
                return false;
            }

            _few.Add(name);
            if (_few.Count > SmallObject)
            {
                _many ??= new HashSet<string>(StringComparer.Ordinal);
                _many.UnionWith(_few);
                _few.Clear();
            }

            return true;
        }

        public void Clear()
        {
            _few.Clear();
            if (_many is { Count: > 0 })
            {
                // Clearing costs time in proportion to capacity: a set that one huge object grew is not kept for small ones.
                if (_many.Count > LargestKept)
                {
                    _many = null;
                }
                else
                {
                    _many.Clear();
                }
            }
        }
    }
}
