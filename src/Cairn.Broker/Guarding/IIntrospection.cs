using Cairn.Evidence;
using Cairn.Identity.Credentials;

namespace Cairn.Broker;

/// <summary>Says whether a token holds now, for a resource that it is shown to: a broker over HTTP (<see cref="BrokerClient"/>), or one in this process (<see cref="LocalIntrospection"/>).</summary>
public interface IIntrospection
{
    /// <summary>Whether a token holds now.</summary>
    /// <param name="token">The token.</param>
    /// <param name="usedAt">Where it is about to be used; the broker then records the use before it says yes. Null: nothing is recorded.</param>
    /// <param name="proof">How possession was shown: none, dpop, mtls, x5t or other.</param>
    /// <param name="context">The trail of the use; null: that of the token.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CredentialRefusedException">Nobody can be asked, or the use can't be recorded.</exception>
    ValueTask<bool> IsActiveAsync(string token, string? usedAt, string proof, TraceParent? context, CancellationToken cancellationToken);
}
