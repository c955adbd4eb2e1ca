using System.Globalization;
using Cairn.Gateway.Approvals;

namespace Cairn.Cli.Authorize;

/// <summary>A request for approval in words for whoever decides about it.</summary>
internal static class ApprovalWords
{
    public static string Approvers(ApprovalRequest request) => request.Approvers.Count == 0 ? "anybody on this machine" : string.Join(", ", request.Approvers);

    public static long SecondsLeft(ApprovalRequest request) => Math.Max(0, (long)(request.Expires - DateTimeOffset.UtcNow).TotalSeconds);

    /// <summary>All that an answer would be about, a line each.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isGenuine">Whether it says what its digest commits to; null where that can't be checked.</param>
    public static IEnumerable<string> Lines(ApprovalRequest request, bool? isGenuine) => Words(request, isGenuine).Select(Plain);

    /// <summary>Without characters that a terminal acts upon or that hide or turn others: a peer chose them, and a human must see what is there.</summary>
    public static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format ? '\uFFFD' : c));

    private static IEnumerable<string> Words(ApprovalRequest request, bool? isGenuine)
    {
        yield return $"agent      {request["principal"]}";
        yield return $"owner      {request["owner"]}";
        yield return $"action     {request["type"]} {request["name"]}";
        yield return $"resource   {request["resource"]}";
        yield return $"server     {request["server"]}";
        yield return $"arguments  {request.Input ?? "not kept (the policy's capture rules); their commitment is part of the digest"}";
        yield return $"why asked  {request.Reason}";
        yield return $"policy     bundle {request["bundle"]}";
        yield return $"digest     hmac-sha256:{request.ActionDigest} ({(isGenuine is null ? "not checked here: this user can't read the trail's key; whoever waits checks it" : "checked: it is of what stands above")})";
        yield return $"trail      {request.Trace}";
        yield return $"who may    {Approvers(request)}";
        yield return $"until      {request.Expires.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z";
    }
}
