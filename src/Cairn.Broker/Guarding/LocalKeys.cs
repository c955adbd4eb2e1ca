using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Cairn.Broker.Guarding;

/// <summary>Answers a guard's question for the key set from a broker in this process: the same document, without a network.</summary>
internal sealed class LocalKeys(CredentialBroker broker) : HttpMessageHandler
{
    private static readonly MediaTypeHeaderValue Media = new("application/json");

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
    {
        Content = new ByteArrayContent(Encoding.UTF8.GetBytes(broker.KeySet())) { Headers = { ContentType = Media } },
        RequestMessage = request,
    });
}
