using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>One use of a credential in a trail.</summary>
/// <param name="Credential">Its public id.</param>
/// <param name="Use">The use.</param>
/// <param name="For">The action that it was used for; null: none is told, or it is not in the trail.</param>
public sealed record UsedCredential(string Credential, CredentialUse Use, TrailAction? For)
{
    /// <summary>On what it was used.</summary>
    public string? Resource => Use.Resource ?? For?.Resource;

    /// <summary>
    /// The uses in a trail: the credential.used records, and the actions that were done with a credential and have no such
    /// record. An action that was refused or cancelled used none.
    /// </summary>
    public static IEnumerable<UsedCredential> In(Trail trail)
    {
        ArgumentNullException.ThrowIfNull(trail);
        var told = new HashSet<RecordId>();
        foreach (var credential in trail.Authority.Credentials)
        {
            foreach (var use in credential.Uses)
            {
                if (use.Action is { } action)
                {
                    told.Add(action);
                }

                yield return new UsedCredential(credential.Id, use, trail.Find.Action(use.Action));
            }
        }

        foreach (var action in trail.Actions)
        {
            if (action is { Credential: { } id, WasDone: true } && !told.Contains(action.Request))
            {
                yield return new UsedCredential(id, new CredentialUse(action.Actor.Id, action.Request, action.Resource, null, null, action.Requested, action.Request), action);
            }
        }
    }
}
