using System.Security.Cryptography.X509Certificates;
using Cairn.Identity;

namespace Cairn.Broker.Remote;

/// <summary>This workload's present SVID, replaced in time. One whose successor can't be had is used until it ends. Safe for many callers.</summary>
internal sealed class SvidKeeper(ISvidSource source, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<IDisposable> _old = [];
    private Current? _current;
    private DateTimeOffset _askAgain;

    /// <summary>An SVID and the certificate that TLS shows for it.</summary>
    public sealed record Current(Svid Svid, X509Certificate2 Certificate);

    /// <summary>The certificate that was fetched last; null before.</summary>
    public X509Certificate2? Certificate => Volatile.Read(ref _current)?.Certificate;

    /// <exception cref="SvidUnavailableException">None can be had, and none is left that lasts.</exception>
    public async ValueTask<Current> GetAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (Volatile.Read(ref _current) is { } fresh && now < fresh.Svid.RotateAt)
        {
            return fresh;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_current is { } known && (now < known.Svid.RotateAt || (now < known.Svid.NotAfter && now < _askAgain)))
            {
                return known;
            }

            try
            {
                var svid = await source.FetchAsync(cancellationToken);
                using var leaf = X509CertificateLoader.LoadCertificate(svid.Chain[0]);
                var next = new Current(svid, leaf.CopyWithPrivateKey(svid.Key));

                // Somebody may be signing with the one before: it is freed at the end.
                _old.AddRange([next.Certificate, next.Svid]);
                Volatile.Write(ref _current, next);
                return next;
            }
            catch (SvidUnavailableException) when (_current is { } last && now < last.Svid.NotAfter)
            {
                _askAgain = now + RetryPause;
                return last;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _old.ForEach(o => o.Dispose());
        _turn.Dispose();
    }
}
