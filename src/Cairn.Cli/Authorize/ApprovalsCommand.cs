using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Gateway.Approvals;
using Spectre.Console;

namespace Cairn.Cli.Authorize;

/// <summary><c>cairn approvals</c>: which calls wait for a human.</summary>
internal static class ApprovalsCommand
{
    public static Command Create()
    {
        var desk = new DeskOptions("approvals");
        var output = OutputOption.Create();
        var command = new Command("approvals", "List the calls that wait for a human") { output };
        desk.AddTo(command);
        command.SetAction(parsed =>
        {
            using var open = ApprovalDesk.Open(desk.State(parsed));
            var waiting = open.Pending().Where(p => p.IsWaiting).Select(p => p.Request).ToList();
            if (parsed.IsJson(output))
            {
                WriteJson(waiting);
            }
            else
            {
                Print(Screen.Create(), waiting);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(Screen screen, List<ApprovalRequest> waiting)
    {
        if (waiting.Count == 0)
        {
            Console.Error.WriteLine("no call waits for approval");
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("id", "agent", "action", "on", "why", "who may", "seconds left");
        foreach (var request in waiting)
        {
            table.AddRow(
                new Text(request.Id.ToString()),
                Cell(request["principal"]),
                Cell($"{request["type"]} {request["name"]}"),
                Cell(request["resource"]),
                Cell(request.Reason),
                Cell(ApprovalWords.Approvers(request)),
                new Text(ApprovalWords.SecondsLeft(request).ToString(CultureInfo.InvariantCulture)));
        }

        screen.Console.Write(table);
    }

    private static Text Cell(string text) => new(ApprovalWords.Plain(text));

    private static void WriteJson(List<ApprovalRequest> waiting)
    {
        using var output = Console.OpenStandardOutput();
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartArray();
        foreach (var request in waiting)
        {
            json.WriteStartObject();
            json.WriteString("id", request.Id.ToString());
            json.WriteString("trace", request.Trace.ToString());
            json.WriteString("action_digest", $"hmac-sha256:{request.ActionDigest}");
            json.WritePropertyName("action");
            json.WriteRawValue(request.Document);
            if (request.Input is not null)
            {
                json.WriteString("input", request.Input);
            }

            json.WriteString("reason", request.Reason);
            json.WriteStartArray("approvers");
            foreach (var approver in request.Approvers)
            {
                json.WriteStringValue(approver);
            }

            json.WriteEndArray();
            json.WriteString("requested", request.Requested);
            json.WriteString("expires", request.Expires);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.Flush();
        output.WriteByte((byte)'\n');
    }
}
