using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Gateway.Approvals;

namespace Cairn.Cli.Authorize;

/// <summary><c>cairn approve ID</c> and <c>cairn deny ID</c>: a human's yes or no to exactly one action, as the user that runs it.</summary>
internal static class AnswerCommand
{
    public static Command Create(bool approves)
    {
        var name = approves ? "approve" : "deny";
        var desk = new DeskOptions(name);
        var id = new Argument<string>("id") { Description = "The request's id, or its beginning where that is unambiguous" };
        var comment = new Option<string?>("--comment") { Description = "Your own words, for the record", HelpName = "TEXT" };
        var command = new Command(name, approves ? "Let a call pass that waits for approval" : "Refuse a call that waits for approval") { id, comment };
        desk.AddTo(command);
        command.SetAction(parsed => Answer(desk.State(parsed), parsed.GetRequiredValue(id), approves, parsed.GetValue(comment)));
        return command;
    }

    private static int Answer(string state, string id, bool approves, string? comment)
    {
        using var desk = ApprovalDesk.Open(state);
        var found = desk.Pending().Where(p => p.Request.Id.ToString().StartsWith(id, StringComparison.OrdinalIgnoreCase)).ToList();
        if (found.Count > 1)
        {
            throw new CliException($"{id} is the beginning of {found.Count} requests: {string.Join(", ", found.Select(f => f.Request.Id))}", "cairn approvals");
        }

        if (found is not [{ IsWaiting: true, Request: var request }])
        {
            return Refused($"no call waits for {id}: it was answered, its time is over, its caller gave up, or it was never asked. Try: cairn approvals");
        }

        var isGenuine = DeskOptions.IsGenuine(request, state);
        if (isGenuine == false)
        {
            return Refused($"{request.Id} does not say what its digest commits to: the file was changed. Nothing was answered");
        }

        try
        {
            desk.Answer(request, approves, comment);
        }
        catch (Exception problem) when (problem is ApprovalClosedException or UnauthorizedAccessException)
        {
            return Refused(problem.Message);
        }

        Console.Out.WriteLine($"{(approves ? "approved" : "denied")}   {request.Id}");
        foreach (var line in ApprovalWords.Lines(request, isGenuine))
        {
            Console.Out.WriteLine(line);
        }

        return ExitCode.Done;
    }

    private static int Refused(string why)
    {
        Console.Error.WriteLine($"cairn: {why}");
        return ExitCode.CheckFailed;
    }
}
