namespace Cairn.Trails.Replay.World;

/// <summary>
/// A run of an agent against a recorded world. Each call is matched to the earliest recorded call of the same method, tool
/// and arguments that was not answered yet, so that repeated calls get their answers in the recorded order. The same calls in
/// the same order give the same report to the byte. Not for several threads.
/// </summary>
/// <param name="world">The recorded world.</param>
public sealed class WorldReplay(RecordedWorld world)
{
    private readonly List<RecordedCall> _left = [.. world.Calls];
    private readonly List<Divergence> _divergences = [];
    private readonly SortedDictionary<string, int> _limits = new(StringComparer.Ordinal);
    private int _calls;
    private int _answered;

    /// <summary>The recorded call that would come next, were nothing to differ; null: all were made.</summary>
    public RecordedCall? Next => _left.Count > 0 ? _left[0] : null;

    /// <summary>The manifest that was in force when the next call was made; null: none was recorded.</summary>
    public RecordedManifest? Manifest =>
        world.Manifests.LastOrDefault(manifest => Next is null || manifest.Seq < Next.Action.Seq) ?? (world.Manifests.Count > 0 ? world.Manifests[0] : null);

    /// <summary>Takes a call.</summary>
    /// <returns>The recorded call whose answer it gets; or the divergence, when it was never recorded.</returns>
    public (RecordedCall? Recorded, Divergence? Divergence) Take(WorldCall call)
    {
        _calls++;
        var alike = _left.FindAll(recorded => recorded.IsOf(call));
        var match = alike.Find(recorded => recorded.Asks(call) is true);
        if (match is null && alike.Find(recorded => recorded.Asks(call) is null) is { } unchecked_)
        {
            match = unchecked_;
            Note("arguments could not be checked: neither their content nor the key of their commitment is there");
        }

        if (match is null)
        {
            return (null, Diverge(Unmatched(call, alike)));
        }

        // Calls that ran side by side had no order between them; one that had ended before this one was made had.
        if (_left.Find(earlier => earlier.Step < match.Step && earlier.Completed <= match.Action.Requested) is { } skipped)
        {
            Diverge(new Divergence(_calls, DivergenceKind.Order, match.Step, match.Title, skipped.Title, $"{match.Title} (recorded call {match.Step}) came before {skipped.Title} (recorded call {skipped.Step})")
            {
                Record = match.Action.Request,
            });
        }

        _left.Remove(match);
        NoteAnswer(match.Answer);
        return (match, null);
    }

    /// <summary>Takes note of something that the replay can't do or tell.</summary>
    public void Note(string limit) => _limits[limit] = _limits.GetValueOrDefault(limit) + 1;

    /// <summary>Ends the run: what was recorded and not asked for again is missing.</summary>
    public WorldReport Finish()
    {
        foreach (var missing in _left)
        {
            _divergences.Add(new Divergence(_calls, DivergenceKind.MissingCall, missing.Step, null, missing.Title, $"{missing.Title} (recorded call {missing.Step}) was not made") { Record = missing.Action.Request });
        }

        _left.Clear();
        if (world.AskedOfClient > 0)
        {
            _limits[$"the server asked its client for something (sampling, elicitation, roots): a replay does not ask"] = world.AskedOfClient;
        }

        return new WorldReport(world.Server, world.Calls.Count, _calls, _answered, [.. _divergences], [.. _limits.Select(limit => (limit.Key, limit.Value))]);
    }

    private Divergence Unmatched(WorldCall call, List<RecordedCall> alike)
    {
        if (alike.Count > 0)
        {
            // Compared with the earliest that is left, which then counts as made, so that one difference is told once.
            var expected = alike[0];
            _left.Remove(expected);
            var differences = expected.DifferencesTo(call);
            var how = differences.Count > 0 ? string.Join("; ", differences.Select(difference => $"{(difference.Place.Length == 0 ? "(all)" : difference.Place)} was {difference.Recorded ?? "absent"}, is {difference.Found ?? "absent"}"))
                : "by their commitment; the recorded ones were not kept, so that it can't be shown where";
            return new Divergence(_calls, DivergenceKind.Arguments, expected.Step, call.Title, expected.Title, $"the arguments of {call.Title} differ from recorded call {expected.Step}: {how}")
            {
                Record = expected.Action.Request,
                Differences = differences,
            };
        }

        var manifest = Manifest;
        return call.Name is { } tool && call.Method == "tools/call" && manifest is not null && manifest.Tools.All(listed => listed.Name != tool)
            ? new Divergence(_calls, DivergenceKind.Manifest, Next?.Step, call.Title, Next?.Title, $"the tool {tool} is not in the recorded manifest")
            : Next is { } next && !world.Calls.Any(recorded => recorded.IsOf(call))
            ? new Divergence(_calls, DivergenceKind.Tool, next.Step, call.Title, next.Title, $"{call.Title} was never called; recorded call {next.Step} is {next.Title}") { Record = next.Action.Request }
            : new Divergence(_calls, DivergenceKind.ExtraCall, null, call.Title, null, $"{call.Title} was not called once more: the recorded run has {world.Calls.Count(recorded => recorded.IsOf(call))} such calls, and all were made");
    }

    private Divergence Diverge(Divergence divergence)
    {
        _divergences.Add(divergence);
        return divergence;
    }

    private void NoteAnswer(RecordedAnswer answer)
    {
        if (answer.Kind == RecordedAnswerKind.NotKept)
        {
            Note($"a call could not be answered: {answer.Text}");
            return;
        }

        _answered++;
        if (answer.IsRedacted)
        {
            Note("an answer was kept with parts taken out, and given so");
        }
    }
}
