using System.Net;
using System.Net.Sockets;

namespace Cairn.Workload.Tests;

public sealed class EndpointTests
{
    [Theory]
    [InlineData("unix:///run/spire/agent.sock", "/run/spire/agent.sock")]
    [InlineData("unix:/run/spire/agent.sock", "/run/spire/agent.sock")]
    public void Endpoint_of_scheme_unix_is_an_absolute_path(string text, string path) =>
        Assert.Equal(new UnixDomainSocketEndPoint(path), WorkloadEndpoint.Parse(text).Address);

    [Theory]
    [InlineData("tcp://127.0.0.1:8000", "127.0.0.1:8000")]
    [InlineData("tcp://[::1]:8000", "[::1]:8000")]
    public void Endpoint_of_scheme_tcp_is_a_loopback_address_and_a_port(string text, string address) =>
        Assert.Equal(IPEndPoint.Parse(address), WorkloadEndpoint.Parse(text).Address);

    // SPIFFE_Workload_Endpoint.md §4: which components may be set, and its own example tcp://127.0.0.1:8000/foo.
    [Theory]
    [InlineData("")]
    [InlineData("/run/spire/agent.sock")]
    [InlineData("unix://run/spire/agent.sock")]
    [InlineData("unix:run/agent.sock")]
    [InlineData("unix:///")]
    [InlineData("unix:///run/agent.sock?x=1")]
    [InlineData("unix:///run/agent.sock#x")]
    [InlineData("tcp://127.0.0.1:8000/foo")]
    [InlineData("tcp://127.0.0.1:8000/")]
    [InlineData("tcp://127.0.0.1")]
    [InlineData("tcp://localhost:8000")]
    [InlineData("tcp://10.0.0.1:8000")]
    [InlineData("tcp://user@127.0.0.1:8000")]
    [InlineData("http://127.0.0.1:8000")]
    public void Endpoint_of_another_form_is_refused(string text) =>
        Assert.Equal(WorkloadApiFault.Endpoint, Assert.Throws<WorkloadApiException>(() => WorkloadEndpoint.Parse(text)).Fault);
}
