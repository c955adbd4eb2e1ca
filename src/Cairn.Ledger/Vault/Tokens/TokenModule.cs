using System.Runtime.InteropServices;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace Cairn.Ledger.Vault;

/// <summary>
/// A PKCS#11 module, loaded once in a process. Nothing is held open between two uses: each opens a session of its own, so that a token
/// that was away, or whose connection was lost, is found again by the next.
/// </summary>
internal sealed class TokenModule
{
    private static readonly Pkcs11InteropFactories Factories = new();
    private static readonly Dictionary<string, TokenModule> Loaded = new(StringComparer.Ordinal);

    // What a module says when its connection or its state is gone, or its slots may be those of an earlier day.
    private static readonly CKR[] Stale =
    [
        CKR.CKR_CRYPTOKI_NOT_INITIALIZED, CKR.CKR_DEVICE_ERROR, CKR.CKR_DEVICE_REMOVED, CKR.CKR_TOKEN_NOT_PRESENT, CKR.CKR_TOKEN_NOT_RECOGNIZED,
        CKR.CKR_SLOT_ID_INVALID, CKR.CKR_SESSION_HANDLE_INVALID, CKR.CKR_SESSION_CLOSED, CKR.CKR_GENERAL_ERROR, CKR.CKR_FUNCTION_FAILED,
    ];

    private readonly string _path;
    private readonly Lock _turn = new();
    private IPkcs11Library? _library;

    // The package asks for "libdl", which only a C compiler's package brings; what it needs is in the library that every glibc has.
    static TokenModule() => NativeLibrary.SetDllImportResolver(typeof(Pkcs11InteropFactories).Assembly, static (name, _, _) =>
        name == "libdl" && OperatingSystem.IsLinux() && (NativeLibrary.TryLoad("libdl.so.2", out var library) || NativeLibrary.TryLoad("libc.so.6", out library)) ? library : IntPtr.Zero);

    private TokenModule(string path) => _path = path;

    /// <summary>The module in a file; it is loaded at its first use.</summary>
    public static TokenModule Of(string path)
    {
        lock (Loaded)
        {
            return Loaded.TryGetValue(path, out var known) ? known : Loaded[path] = new TokenModule(path);
        }
    }

    /// <summary>
    /// Does something in a session in which the user is logged in. When the token isn't there or its connection is lost before the PIN was
    /// shown, the module is started anew, once.
    /// </summary>
    /// <param name="uri">Which token.</param>
    /// <param name="pins">Where the PIN comes from.</param>
    /// <param name="writes">Whether objects are made or destroyed.</param>
    /// <param name="work">What is done.</param>
    /// <exception cref="LedgerDirectoryException">The module or the token is missing, the PIN is refused, or the token fails.</exception>
    public T Use<T>(TokenUri uri, TokenPins pins, bool writes, Func<ISession, T> work)
    {
        lock (_turn)
        {
            var isFresh = _library is null;
            var shown = false;
            try
            {
                try
                {
                    return Once(uri, pins, writes, work, ref shown);
                }
                catch (Exception problem) when (!isFresh && !shown && IsStale(problem))
                {
                    _library?.Dispose();
                    _library = null;
                    return Once(uri, pins, writes, work, ref shown);
                }
            }
            catch (TokenAbsentException problem)
            {
                throw new LedgerDirectoryException(problem.Message);
            }
            catch (Exception problem) when (problem is Pkcs11Exception or AttributeValueException)
            {
                throw new LedgerDirectoryException($"{uri.Words} failed: {Words(problem)}", problem);
            }
        }
    }

    private T Once<T>(TokenUri uri, TokenPins pins, bool writes, Func<ISession, T> work, ref bool shown)
    {
        var slot = Find(Load(), uri);
        using var session = slot.OpenSession(writes ? SessionType.ReadWrite : SessionType.ReadOnly);
        pins.Use(uri, uri.Words, () => Count(slot.GetTokenInfo().TokenFlags), pin => Login(session, pin));
        shown = true;
        try
        {
            return work(session);
        }
        finally
        {
            Logout(session);
        }
    }

    private IPkcs11Library Load()
    {
        if (_library is not null)
        {
            return _library;
        }

        if (!File.Exists(_path))
        {
            throw new LedgerDirectoryException($"the PKCS#11 module {_path} is missing; expected the library that the token's maker gives (for SoftHSM: libsofthsm2.so)");
        }

        try
        {
            return _library = Factories.Pkcs11LibraryFactory.LoadPkcs11Library(Factories, _path, AppType.MultiThreaded);
        }
        catch (Exception problem) when (problem is UnmanagedException or LibraryArchitectureException or UnsupportedPlatformException or Pkcs11Exception)
        {
            throw new LedgerDirectoryException($"{_path} can't be loaded as a PKCS#11 module: {Words(problem)}", problem);
        }
    }

    private static ISlot Find(IPkcs11Library library, TokenUri uri)
    {
        var there = library.GetSlotList(SlotsType.WithTokenPresent).Select(slot => (Slot: slot, Token: slot.GetTokenInfo())).Where(pair => pair.Token.TokenFlags.TokenInitialized).ToList();
        var fit = there.Where(pair =>
            (uri.Token is null || pair.Token.Label == uri.Token)
            && (uri.Serial is null || pair.Token.SerialNumber == uri.Serial)
            && (uri.Model is null || pair.Token.Model == uri.Model)
            && (uri.Manufacturer is null || pair.Token.ManufacturerId == uri.Manufacturer)
            && (uri.Slot is null || pair.Slot.SlotId == uri.Slot)).ToList();
        var found = string.Join(", ", there.Select(pair => $"\"{pair.Token.Label}\" (serial {pair.Token.SerialNumber})"));
        return fit switch
        {
            [var one] => one.Slot,
            [] => throw new TokenAbsentException($"{uri.Words} is not there; the module {uri.Module} shows {(there.Count == 0 ? "no token" : found)}"),
            _ => throw new LedgerDirectoryException($"{fit.Count} tokens fit the PKCS#11 URI: {found}; add serial=NUMBER to it"),
        };
    }

    private static PinCount Count(ITokenFlags flags) => flags.UserPinLocked ? PinCount.Locked : flags.UserPinFinalTry ? PinCount.LastTry : flags.UserPinCountLow ? PinCount.Low : PinCount.Untold;

    private static string? Login(ISession session, string pin)
    {
        try
        {
            session.Login(CKU.CKU_USER, pin);
            return null;
        }
        catch (Pkcs11Exception problem) when (problem.RV == CKR.CKR_USER_ALREADY_LOGGED_IN)
        {
            return null; // another part of this process is, on the same token
        }
        catch (Pkcs11Exception problem) when (problem.RV is CKR.CKR_PIN_INCORRECT or CKR.CKR_PIN_INVALID or CKR.CKR_PIN_LEN_RANGE or CKR.CKR_PIN_EXPIRED or CKR.CKR_PIN_LOCKED or CKR.CKR_USER_PIN_NOT_INITIALIZED)
        {
            return problem.RV.ToString();
        }
    }

    private static void Logout(ISession session)
    {
        try
        {
            session.Logout();
        }
        catch (Pkcs11Exception)
        {
            // The session went with the token, or ends with its disposal: there is nothing left to log out of.
        }
    }

    private static bool IsStale(Exception problem) => problem is TokenAbsentException || (problem is Pkcs11Exception { RV: var code } && Stale.Contains(code));

    private static string Words(Exception problem) => problem is Pkcs11Exception { RV: var code } ? code.ToString() : problem.Message;

    private sealed class TokenAbsentException(string message) : Exception(message);
}
