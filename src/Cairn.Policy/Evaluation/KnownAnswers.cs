using System.Text.Json;

namespace Cairn.Policy.Evaluation;

/// <summary>
/// Answers of the engine to questions put before, by all that it was given: under one bundle and one engine an answer is a
/// function of the policies and the question's bytes (decision 0094). A call that failed gave no answer, and an answer that
/// is no success is not kept. Safe for any number of threads.
/// </summary>
internal sealed class KnownAnswers
{
    /// <summary>Answers of one generation; two are held.</summary>
    public const int MostOfGeneration = 512;

    /// <summary>The longest question that is kept, in bytes; both generations together hold at most 4 MiB of questions.</summary>
    public const int LongestQuestion = 4096;

    private readonly Lock _gate = new();
    private Dictionary<Question, JsonElement> _recent = new(Comparer.Instance);
    private Dictionary<Question, JsonElement> _before = new(Comparer.Instance);

    /// <summary>Looks for the answer to a question.</summary>
    /// <param name="slice">The key of the policies that it is put to.</param>
    /// <param name="question">What the engine would be given.</param>
    /// <param name="answer">What it answered.</param>
    public bool TryGet(string slice, byte[] question, out JsonElement answer)
    {
        var asked = new Question(slice, question);
        lock (_gate)
        {
            if (_recent.TryGetValue(asked, out answer))
            {
                return true;
            }

            if (!_before.TryGetValue(asked, out answer))
            {
                return false;
            }

            Add(asked, answer);
            return true;
        }
    }

    /// <summary>Keeps an answer, if it is one that may be kept.</summary>
    /// <param name="slice">The key of the policies.</param>
    /// <param name="question">What the engine was given; not to be changed afterwards.</param>
    /// <param name="answer">Cedar's <c>AuthorizationAnswer</c>.</param>
    public void Keep(string slice, byte[] question, JsonElement answer)
    {
        if (question.Length > LongestQuestion || !answer.GetProperty("type").ValueEquals("success"u8))
        {
            return;
        }

        lock (_gate)
        {
            Add(new Question(slice, question), answer);
        }
    }

    /// <summary>What is asked for again moves on to the next generation, and the rest goes with its own.</summary>
    private void Add(Question question, JsonElement answer)
    {
        if (_recent.Count >= MostOfGeneration)
        {
            (_before, _recent) = (_recent, new Dictionary<Question, JsonElement>(Comparer.Instance));
        }

        _recent[question] = answer;
    }

    private readonly record struct Question(string Slice, byte[] Bytes);

    private sealed class Comparer : IEqualityComparer<Question>
    {
        public static readonly Comparer Instance = new();

        public bool Equals(Question x, Question y) => x.Slice == y.Slice && x.Bytes.AsSpan().SequenceEqual(y.Bytes);

        /// <summary>Seeded for each process: nobody can prepare questions that collide.</summary>
        public int GetHashCode(Question question)
        {
            var hash = default(HashCode);
            hash.AddBytes(question.Bytes);
            return hash.ToHashCode();
        }
    }
}
