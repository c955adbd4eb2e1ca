namespace Cairn.Gateway.Capture;

/// <summary>
/// Actions that were answered with a task handle (MCP 2025-11-25 tasks; the Tasks extension of 2026-07-28) and whose
/// outcome is told later, under that handle.
/// </summary>
internal sealed class AcceptedTasks
{
    private const int Most = 10_000;

    private readonly Dictionary<string, OpenAction> _byTask = new(StringComparer.Ordinal);

    /// <summary>Remembers a handle.</summary>
    /// <returns>False when too many are open: the outcome of this one will not be linked.</returns>
    public bool Add(string task, OpenAction action)
    {
        if (_byTask.Count >= Most)
        {
            return false;
        }

        _byTask[task] = action;
        return true;
    }

    public OpenAction? Find(string? task) => task is null ? null : _byTask.GetValueOrDefault(task);

    public void Remove(string task) => _byTask.Remove(task);
}
