using Cairn.Evidence;

namespace Cairn.Trails.Drills;

/// <summary>
/// What the structured attacks are made on: a ledger in which two trails alternate, one of them of two emitters, and the
/// ledger and keys of an attacker, who has made up the same emitters under the same names.
/// </summary>
internal sealed class DrillStory : IDisposable
{
    private DrillStory(DrillLedger ledger, TraceId trace, TraceId other, DrillLedger forged) => (Ledger, Trace, Other, Forged) = (ledger, trace, other, forged);

    public DrillLedger Ledger { get; }

    /// <summary>The trail that is attacked: statements 0, 2, 3, 5, 6, 8 and 9 of the ledger.</summary>
    public TraceId Trace { get; }

    /// <summary>Another trail of the same ledger.</summary>
    public TraceId Other { get; }

    /// <summary>The attacker's ledger, with the same name, other keys and other trails.</summary>
    public DrillLedger Forged { get; }

    /// <summary>The trail as it was exported.</summary>
    public DrillBundle Honest() => Ledger.Export(Trace);

    /// <summary>An emitter with the attacker's key, under an authority that is the attacker's too.</summary>
    public DrillEmitter Attacker() => Forged.Emitter(Trace, "root");

    public static DrillStory Tell()
    {
        var (ledger, forged) = (new DrillLedger(), new DrillLedger());
        var (trace, other) = (TraceId.New(), TraceId.New());
        Tell(ledger, trace, other);
        Tell(forged, trace, other);
        return new DrillStory(ledger, trace, other, forged);
    }

    public void Dispose()
    {
        Ledger.Dispose();
        Forged.Dispose();
    }

    private static void Tell(DrillLedger ledger, TraceId trace, TraceId other)
    {
        var (root, helper, second) = (ledger.Emitter(trace, "root"), ledger.Emitter(trace, "helper"), ledger.Emitter(other, "second"));
        ledger.Append(root, root.Started());
        ledger.Append(second, second.Started());
        ledger.Append(helper, helper.Started(root));
        ledger.Append(root, root.Action("read"));
        ledger.Append(second, second.Action("pay"));
        ledger.Append(helper, helper.Action("write"));
        ledger.Append(root, root.Action("send"));
        ledger.Append(second, second.Ended());
        ledger.Append(helper, helper.Ended());
        ledger.Append(root, root.Ended(helper));
    }
}
