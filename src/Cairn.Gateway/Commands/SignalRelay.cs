using System.Runtime.InteropServices;
using Cairn.Gateway.Processes;

namespace Cairn.Gateway.Commands;

/// <summary>
/// Takes the signals that this process gets and passes them on to the program it runs; before there is one, they end the
/// run. What a terminal sends goes to every process of its foreground group, the program included, and is not sent twice.
/// </summary>
internal sealed class SignalRelay : IDisposable
{
    /// <summary>Signals by number, where .NET has no name for them (Linux: SIGUSR1, SIGUSR2).</summary>
    private static readonly PosixSignal[] Relayed = OperatingSystem.IsLinux()
        ? [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT, (PosixSignal)10, (PosixSignal)12]
        : [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];

    private readonly Lock _gate = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly CancellationTokenSource _told;
    private readonly bool _hasTerminal = DescriptorStream.IsTerminal(0);
    private int? _program;

    /// <param name="isActive">Whether signals are taken at all.</param>
    /// <param name="cancellationToken">Told to end in another way.</param>
    public SignalRelay(bool isActive, CancellationToken cancellationToken)
    {
        _told = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (!isActive || OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var signal in Relayed)
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Take));
        }
    }

    /// <summary>Cancelled by the first signal that comes before there is a program.</summary>
    public CancellationToken Told => _told.Token;

    /// <summary>Whether any signal came.</summary>
    public bool WasTold { get; private set; }

    /// <summary>From now on signals go to the program.</summary>
    public void Attach(int program)
    {
        lock (_gate)
        {
            _program = program;
        }
    }

    /// <summary>The program is gone; its number may soon be another's.</summary>
    public void Detach()
    {
        lock (_gate)
        {
            _program = null;
        }
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _told.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_gate)
        {
            WasTold = true;
            if (_program is not { } program)
            {
                _told.Cancel();
            }
            else if (!(_hasTerminal && context.Signal is PosixSignal.SIGINT or PosixSignal.SIGQUIT))
            {
                UnixSignal.Send(program, NumberOf(context.Signal));
            }
        }
    }

    private static int NumberOf(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGQUIT => 3,
        PosixSignal.SIGTERM => 15,
        _ => (int)signal,
    };
}
