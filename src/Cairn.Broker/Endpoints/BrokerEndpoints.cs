using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Cairn.Broker.Endpoints;

/// <summary>
/// The broker's endpoints in an ASP.NET Core application: <c>AddCredentialBroker</c> before it is built, then
/// <c>UseCredentialBroker</c>. The application listens where the issuer's address leads to (docs/spec/credentials.md).
/// </summary>
public static class BrokerEndpoints
{
    private const int MaxBody = 64 * 1024;
    private static readonly FormOptions Form = new() { ValueCountLimit = 64, KeyLengthLimit = 128, ValueLengthLimit = 32 * 1024, BufferBody = false };

    // OpenIddict looks after these steps itself: reading the form, the grant, and which parameters an exchange must have.
    private static readonly HashSet<OpenIddictServerHandlerDescriptor> Kept =
    [
        OpenIddictServerHandlers.Exchange.ValidateGrantType.Descriptor,
        OpenIddictServerHandlers.Exchange.ValidateTokenExchangeParameters.Descriptor,
        OpenIddictServerHandlers.Introspection.ValidateTokenParameter.Descriptor,
        OpenIddictServerHandlers.Revocation.ValidateTokenParameter.Descriptor,
        OpenIddictServerHandlers.AttachCustomSignInParameters.Descriptor,
        OpenIddictServerHandlers.Exchange.ApplyTokenResponse<ProcessSignInContext>.Descriptor,
        OpenIddictServerAspNetCoreHandlers.ExtractPostRequest<ExtractTokenRequestContext>.Descriptor,
        OpenIddictServerAspNetCoreHandlers.ExtractPostRequest<ExtractRevocationRequestContext>.Descriptor,
        OpenIddictServerAspNetCoreHandlers.ExtractGetOrPostRequest<ExtractIntrospectionRequestContext>.Descriptor,
    ];

    // Everything else that it does in these steps needs its own stores and keys.
    private static readonly HashSet<Type> Replaced =
    [
        typeof(ExtractTokenRequestContext), typeof(ExtractIntrospectionRequestContext), typeof(ExtractRevocationRequestContext),
        typeof(ValidateTokenRequestContext), typeof(ValidateIntrospectionRequestContext), typeof(ValidateRevocationRequestContext),
        typeof(HandleTokenRequestContext), typeof(HandleIntrospectionRequestContext), typeof(HandleRevocationRequestContext),
        typeof(HandleConfigurationRequestContext), typeof(HandleJsonWebKeySetRequestContext), typeof(ProcessSignInContext),
    ];

    /// <summary>Registers the endpoints of a broker.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="broker">The broker; owned by the caller, and disposed after the application.</param>
    public static IServiceCollection AddCredentialBroker(this IServiceCollection services, CredentialBroker broker)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(broker);
        var addresses = new EndpointAddresses(broker.Settings.Issuer);
        services.AddSingleton(broker);
        services.AddSingleton(addresses);
        services.AddSingleton<Reception>();
        services.AddLogging(static log => log.AddFilter("OpenIddict", LogLevel.Warning)); // below that it tells of every request
        services.AddOpenIddict().AddServer(server =>
        {
            server.EnableDegradedMode()
                .AllowClientCredentialsFlow()
                .AllowTokenExchangeFlow()
                .AcceptAnonymousClients() // who it is, is found out by the reception
                .SetIssuer(broker.Settings.Issuer)
                .SetTokenEndpointUris(addresses.PathOf(EndpointAddresses.Token))
                .SetIntrospectionEndpointUris(addresses.PathOf(EndpointAddresses.Introspection))
                .SetRevocationEndpointUris(addresses.PathOf(EndpointAddresses.Revocation))
                .SetJsonWebKeySetEndpointUris(addresses.PathOf(EndpointAddresses.Keys))
                .SetConfigurationEndpointUris(addresses.Metadata)
                .UseAspNetCore()
                .DisableTransportSecurityRequirement(); // BrokerServer refuses plain HTTP beyond loopback

            server.Configure(options =>
            {
                options.SubjectTokenTypes.UnionWith([TokenTypes.AccessToken, TokenTypes.Jwt, TokenTypes.IdToken, TokenTypes.SpiffeId]);
                options.ActorTokenTypes.UnionWith([TokenTypes.Jwt, TokenTypes.SpiffeId]);
            });

            // It asks for keys at the start. Nothing is signed or encrypted by these: tokens are the broker's own.
            server.AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32))).AddEphemeralSigningKey(SecurityAlgorithms.EcdsaSha256);
            foreach (var handler in OpenIddictServerHandlers.DefaultHandlers.Concat(OpenIddictServerAspNetCoreHandlers.DefaultHandlers)
                .Where(h => Replaced.Contains(h.ContextType) && !Kept.Contains(h)).ToList())
            {
                server.RemoveEventHandler(handler);
            }

            // Degraded mode wants to see that somebody validates; the reception does, as the first step of each handler.
            server.AddEventHandler<ValidateTokenRequestContext>(h => h.UseInlineHandler(static _ => ValueTask.CompletedTask));
            server.AddEventHandler<ValidateIntrospectionRequestContext>(h => h.UseInlineHandler(static _ => ValueTask.CompletedTask));
            server.AddEventHandler<ValidateRevocationRequestContext>(h => h.UseInlineHandler(static _ => ValueTask.CompletedTask));
            server.AddEventHandler<HandleTokenRequestContext>(h => h.UseSingletonHandler<TokenEndpoint>());
            server.AddEventHandler<HandleIntrospectionRequestContext>(h => h.UseSingletonHandler<IntrospectionEndpoint>());
            server.AddEventHandler<HandleRevocationRequestContext>(h => h.UseSingletonHandler<RevocationEndpoint>());
            server.AddEventHandler<HandleConfigurationRequestContext>(h => h.UseSingletonHandler<MetadataEndpoint>());
            server.AddEventHandler<HandleJsonWebKeySetRequestContext>(h => h.UseSingletonHandler<KeysEndpoint>());
            AddAnswers<ApplyTokenResponseContext>(server, c => c.Response);
            AddAnswers<ApplyIntrospectionResponseContext>(server, c => c.Response);
            AddAnswers<ApplyRevocationResponseContext>(server, c => c.Response);
        });

        // Nothing here is protected by its keys, and by itself it would keep some in the user's home directory.
        foreach (var service in services.Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationType?.Name == "DataProtectionHostedService").ToList())
        {
            services.Remove(service);
        }

        return services;
    }

    /// <summary>Answers at the endpoints; everything else goes on to the application.</summary>
    public static IApplicationBuilder UseCredentialBroker(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var addresses = app.ApplicationServices.GetRequiredService<EndpointAddresses>();
        string[] posts = [addresses.PathOf(EndpointAddresses.Token), addresses.PathOf(EndpointAddresses.Introspection), addresses.PathOf(EndpointAddresses.Revocation)];
        app.Use((context, next) => posts.Contains(context.Request.Path.Value, StringComparer.Ordinal) ? BoundAsync(context, next) : next(context));
        return app.UseAuthentication();
    }

    // Method, size and form are settled before OpenIddict reads anything: it would fail where a client is to blame.
    private static async Task BoundAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers.Allow = HttpMethods.Post;
            await RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "the endpoint takes POST only");
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBody;
        }

        try
        {
            if (context.Request.HasFormContentType)
            {
                context.Features.Set<IFormFeature>(new FormFeature(context.Request, Form));
                _ = await context.Request.ReadFormAsync(context.RequestAborted);
            }
        }
        catch (BadHttpRequestException e)
        {
            await RefuseAsync(context, e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? $"a request has at most {MaxBody} bytes" : "the request can't be read");
            return;
        }
        catch (InvalidDataException)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "the form has too many or too long parameters");
            return;
        }

        await next(context);
    }

    private static Task RefuseAsync(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(new Dictionary<string, string> { ["error"] = "invalid_request", ["error_description"] = why }, context.RequestAborted);
    }

    // Beside what OpenIddict writes: no addresses of a documentation that is not this project's, the status that fits, and no cache.
    private static void AddAnswers<TContext>(OpenIddictServerBuilder server, Func<TContext, OpenIddictResponse> response)
        where TContext : BaseRequestContext
    {
        server.AddEventHandler<TContext>(h => h.SetOrder(int.MinValue + 1).UseInlineHandler(context =>
        {
            response(context).ErrorUri = null;
            return ValueTask.CompletedTask;
        }));
        server.AddEventHandler<TContext>(h => h.SetOrder(450_000).UseInlineHandler(context =>
        {
            var http = context.Http();
            http.Response.Headers.CacheControl = "no-store";
            Refusals.ApplyStatus(http);
            return ValueTask.CompletedTask;
        }));
    }
}
