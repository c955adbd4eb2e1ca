using Cairn.Evidence.Checkpoints;
using Cairn.Ledger.Journal;
using Cairn.Ledger.Keys;

namespace Cairn.Ledger.Sequencing;

/// <summary>
/// The keys of a sequencer. Before each checkpoint it looks whether keys were added, or are to go; so a process that has run for
/// months signs with a new key from the next checkpoint on. Nothing of it is decided in memory: the signed head in the journal
/// is the last of the old keys as soon as it covers the retirement and the new keys signed it.
/// </summary>
internal sealed class SigningKeys : IDisposable
{
    private readonly LogKeyFiles _files;
    private readonly Action<string> _log;
    private readonly Action<string> _step;
    private LogKeys _keys;
    private string _stamp;

    public SigningKeys(LedgerDirectory directory, Action<string> log, Action<string> step)
    {
        (_files, _log, _step) = (new LogKeyFiles(directory), log, step);
        _stamp = _files.Stamp;
        _keys = _files.Read();
    }

    /// <summary>Ends a retirement whose last checkpoint is the journal's head, and reads the keys anew where they changed. Call under the sequencer's lock.</summary>
    /// <exception cref="LedgerDirectoryException">A key can't be read: nothing may be signed.</exception>
    public void Settle(JournalHead head)
    {
        var stamp = _files.Stamp;
        if (_files.Retirement() is { } retirement && head.Note is { } bytes && head.Head.Size > retirement.Index)
        {
            var note = SignedNote.Parse(bytes);
            if (retirement.Old.Concat(retirement.New).All(key => key.Verify(note).Result == NoteCheckResult.Good)
                || _files.Successions().Any(one => one.Index == retirement.Index))
            {
                _files.End(retirement, note, _step);
                _log($"cairn: the checkpoint of size {head.Head.Size} is the last that {string.Join(", ", retirement.Old.Select(key => $"{key.Name}+{key.KeyId:x8}"))} signed; from here on {string.Join(", ", retirement.New.Select(key => $"{key.Name}+{key.KeyId:x8}"))} sign alone");
                stamp = _files.Stamp;
            }
        }

        if (stamp != _stamp)
        {
            var keys = _files.Read();
            _keys.Dispose();
            (_keys, _stamp) = (keys, stamp);
        }
    }

    /// <summary>Signs a checkpoint with all keys that sign now.</summary>
    public SignedNote Sign(Checkpoint checkpoint, DateTimeOffset time) =>
        new(checkpoint.Body, [.. _keys.Signers.Select(signer => signer.Sign(checkpoint, time))]);

    public void Dispose() => _keys.Dispose();
}
