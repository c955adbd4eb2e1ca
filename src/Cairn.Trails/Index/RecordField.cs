namespace Cairn.Trails.Index;

/// <summary>
/// What records can be found by. Tool, resource, credential, decision and status are an act's: its request answers for
/// what its decision, credential use and outcome tell, and these answer for its tool and resource.
/// </summary>
public enum RecordField
{
    /// <summary>The kind, such as <c>action.requested</c>.</summary>
    Kind = 1,

    /// <summary>The SPIFFE ID of who acted.</summary>
    Agent = 2,

    /// <summary>The accountable owner.</summary>
    Owner = 3,

    /// <summary>The name of the tool that was called.</summary>
    Tool = 4,

    /// <summary>What was acted upon, or changed.</summary>
    Resource = 5,

    /// <summary>Public id of a credential.</summary>
    Credential = 6,

    /// <summary>allow, deny or needs_approval; approved, denied, expired or withdrawn.</summary>
    Decision = 7,

    /// <summary>How something came out.</summary>
    Status = 8,

    /// <summary>The trace id.</summary>
    Trace = 9,

    /// <summary>An attribute as <c>name=value</c>, or its name alone.</summary>
    Attribute = 10,

    /// <summary>An action's type, such as <c>tool.call</c>.</summary>
    Type = 11,

    /// <summary>The SPIFFE ID of who signed.</summary>
    Emitter = 12,

    /// <summary>A person or account: who asked, approved, on whose behalf, by the target's account.</summary>
    Person = 13,

    /// <summary>A policy bundle's digest, version or name, or the id of a policy that decided.</summary>
    Policy = 14,

    /// <summary>Thumbprint of a key.</summary>
    Key = 15,

    /// <summary>Public id of the credential that one was exchanged for.</summary>
    ParentCredential = 16,

    /// <summary>A workload that a record names besides the one that acted: a delegation's two sides, a credential's actors.</summary>
    Party = 17,

    /// <summary>A digest that a record tells, as <c>sha256:</c> and hexadecimal digits.</summary>
    Digest = 18,

    /// <summary>The length in bytes of a content that a record commits to.</summary>
    ContentBytes = 19,
}
