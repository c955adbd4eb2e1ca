using Cairn.Workload.Protocol;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Cairn.Workload.Server;

/// <summary>Refuses requests without the metadata that every request must carry (SPIFFE_Workload_Endpoint.md §3, §6).</summary>
internal sealed class SpiffeMetadataCheck : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, responseStream, context);
    }

    private static void Check(ServerCallContext context)
    {
        var values = context.RequestHeaders.Where(header => header.Key == SpiffeMetadata.Key).ToList();
        if (values.Count != 1 || values[0].IsBinary || values[0].Value != SpiffeMetadata.Value)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"expected the metadata {SpiffeMetadata.Key}: {SpiffeMetadata.Value}, found {(values.Count == 0 ? "none" : "another value")}"));
        }
    }
}
