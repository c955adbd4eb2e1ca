using System.Globalization;
using System.Text.Json;
using Cairn.Broker;
using Cairn.Cli.Terminal;
using Spectre.Console;

namespace Cairn.Cli.Credentials;

/// <summary>Credentials for people and for programs. A token is printed in one place only: where it was just granted.</summary>
internal static class CredentialScreen
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Granted(IssuedToken issued, bool isJson)
    {
        if (isJson)
        {
            var json = Json(issued.Entry);
            json["token"] = issued.Token;
            Write(json);
            return;
        }

        Console.Out.WriteLine(issued.Token);
        Console.Error.WriteLine($"cairn: granted {issued.Entry.Id} to {issued.Entry.Subject} until {Time(issued.Entry.Expires)}, trail {issued.Entry.Trace}. The token is shown this once; revoke it with: cairn credential revoke {issued.Entry.Id}");
    }

    public static void List(IReadOnlyList<CredentialEntry> entries, bool isJson)
    {
        if (isJson)
        {
            Write(entries.Select(Json).ToList());
            return;
        }

        if (entries.Count == 0)
        {
            Console.Error.WriteLine("cairn: no credential holds now. All that there ever were: cairn credential list --all");
            return;
        }

        var table = new Table().Border(TableBorder.None).AddColumns("id", "state", "subject", "actor", "scope", "audience", "until");
        foreach (var entry in entries)
        {
            table.AddRow([.. new[] { entry.Id, State(entry), entry.Subject, entry.IsGrant ? "(grant)" : entry.Actors.Count > 0 ? entry.Actors[0] : "", string.Join(' ', entry.Scope), string.Join(' ', entry.Audience), Time(entry.Expires) }
                .Select(text => new Text(text))]);
        }

        Screen.Create().Console.Write(table);
    }

    public static void Show(CredentialCatalogue catalogue, CredentialEntry entry, bool isJson)
    {
        var (ancestors, descendants, ending) = (catalogue.Ancestors(entry), catalogue.Descendants(entry), catalogue.EndingOf(entry));
        if (isJson)
        {
            var json = Json(entry);
            json["ancestors"] = ancestors.Select(a => a.Id);
            json["descendants"] = descendants.Select(d => new { id = d.Id, state = State(d) });
            json["ended"] = ending is { } end ? new { at = Time(end.When), reason = end.Reason, by = end.By } : null;
            Write(json);
            return;
        }

        var screen = Screen.Create();
        screen.Say($"{entry.Id}  {State(entry)}{(entry.IsGrant ? ", a grant" : "")}");
        screen.Say($"  on behalf of  {entry.Subject}");
        screen.Say($"  actors        {(entry.Actors.Count == 0 ? "none" : string.Join(" ← ", entry.Actors))}");
        screen.Say($"  for           {string.Join(' ', entry.Audience)}");
        screen.Say($"  may           {string.Join(' ', entry.Scope)}");
        screen.Say($"  given to      {entry.Client ?? "whoever holds it"}, bound to {entry.HolderKey ?? "no key"}{(entry.MayAct is { } only ? $", for {only} alone" : "")}");
        screen.Say($"  from, until   {Time(entry.Issued)}, {Time(entry.Expires)}");
        screen.Say($"  trail         {entry.Trace}");
        if (ending is { } ended)
        {
            screen.Say($"  ended         {Time(ended.When)}{(ended.Reason.Length > 0 ? $", {ended.Reason}" : "")}{(ended.By is { } by ? $" ({by})" : "")}");
        }

        ancestors.ToList().ForEach(a => screen.Say($"  under         {a.Id}  {State(a)}"));
        descendants.ToList().ForEach(d => screen.Say($"  issued under  {new string(' ', 2 * (d.Depth - entry.Depth - 1))}{d.Id}  {State(d)}"));
    }

    public static void Revoked(string id, IReadOnlyList<string> ended, bool isJson)
    {
        if (isJson)
        {
            Write(new { revoked = ended });
            return;
        }

        ended.ToList().ForEach(Console.Out.WriteLine);
        Console.Error.WriteLine(ended.Count == 0 ? $"cairn: {id} had ended already; how: cairn credential show {id}" : $"cairn: {ended.Count} revoked and recorded");
    }

    public static void Inspected(CredentialEntry? entry, bool isActive, bool isJson)
    {
        if (isJson)
        {
            var json = entry is null ? [] : Json(entry);
            json["active"] = isActive;
            Write(json);
            return;
        }

        Console.Out.WriteLine(entry is null ? "not a token of this broker" : $"{entry.Id}  {State(entry)}  {entry.Subject}  {string.Join(' ', entry.Scope)}  until {Time(entry.Expires)}");
    }

    private static Dictionary<string, object?> Json(CredentialEntry entry) => new(StringComparer.Ordinal)
    {
        ["id"] = entry.Id,
        ["state"] = State(entry),
        ["grant"] = entry.IsGrant,
        ["parent"] = entry.Parent,
        ["subject"] = entry.Subject,
        ["actors"] = entry.Actors,
        ["audience"] = entry.Audience,
        ["scope"] = entry.Scope,
        ["holder_key"] = entry.HolderKey,
        ["may_act"] = entry.MayAct,
        ["client"] = entry.Client,
        ["depth"] = entry.Depth,
        ["trace"] = entry.Trace.ToString(),
        ["issued"] = Time(entry.Issued),
        ["expires"] = Time(entry.Expires),
    };

    // The store learns of an expiry at the next sweep; a reader need not wait for it.
    private static string State(CredentialEntry entry) =>
        entry.State == CredentialState.Active && entry.Expires <= DateTimeOffset.UtcNow ? "expired" : entry.State.ToString().ToLowerInvariant();

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static void Write<T>(T json) => Console.Out.WriteLine(JsonSerializer.Serialize(json, Indented));
}
