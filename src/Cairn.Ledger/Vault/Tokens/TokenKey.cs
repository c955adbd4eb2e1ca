using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;
using Net.Pkcs11Interop.HighLevelAPI.MechanismParams;

namespace Cairn.Ledger.Vault;

/// <summary>How a token's key came to be.</summary>
/// <param name="MadeThere">It was made in the token and was never outside (CKA_LOCAL, CKA_NEVER_EXTRACTABLE); otherwise a copy may exist.</param>
public readonly record struct TokenKeyOrigin(bool MadeThere);

/// <summary>
/// An AES-256 key in a token that never leaves it, and wraps key-encryption keys: CKM_AES_GCM of PKCS#11, with the bytes of
/// <see cref="WrappedKey"/> and its associated data. A key that could leave, or is of another kind, is refused.
/// </summary>
internal sealed class TokenKey(TokenUri uri, TokenPins pins)
{
    private const int NonceSize = 12, TagSize = 16;

    private readonly TokenModule _module = TokenModule.Of(uri.Module);

    /// <summary>Its name.</summary>
    public TokenUri Uri => uri;

    /// <summary>Makes the key in the token: AES-256, sensitive, never extractable, for encryption and decryption only.</summary>
    /// <param name="uri">Its name; without an id it gets 16 random bytes.</param>
    /// <param name="pins">Where the PIN comes from.</param>
    /// <returns>The name with the id.</returns>
    /// <exception cref="LedgerDirectoryException">There is such a key already, the URI has no label, or the token refuses.</exception>
    public static TokenUri Make(TokenUri uri, TokenPins pins)
    {
        var made = uri.Id is null ? uri.WithId(RandomNumberGenerator.GetBytes(16)) : uri;
        return TokenModule.Of(uri.Module).Use(uri, pins, writes: true, session =>
        {
            if (Objects(session, uri).Count > 0)
            {
                throw new LedgerDirectoryException($"{uri.Words} has a key of that name already; give another label (object=), or use the one that is there");
            }

            var attribute = session.Factories.ObjectAttributeFactory;
            List<IObjectAttribute> template =
            [
                attribute.Create(CKA.CKA_CLASS, CKO.CKO_SECRET_KEY),
                attribute.Create(CKA.CKA_KEY_TYPE, CKK.CKK_AES),
                attribute.Create(CKA.CKA_VALUE_LEN, WrappedKey.KeySize),
                attribute.Create(CKA.CKA_ID, made.Id!),
                attribute.Create(CKA.CKA_LABEL, made.Label ?? "cairn"),
                attribute.Create(CKA.CKA_TOKEN, true),
                attribute.Create(CKA.CKA_PRIVATE, true),
                attribute.Create(CKA.CKA_SENSITIVE, true),
                attribute.Create(CKA.CKA_EXTRACTABLE, false),
                attribute.Create(CKA.CKA_ENCRYPT, true),
                attribute.Create(CKA.CKA_DECRYPT, true),
            ];
            session.GenerateKey(session.Factories.MechanismFactory.Create(CKM.CKM_AES_KEY_GEN), template);
            return made;
        });
    }

    /// <summary>Destroys the key in the token. One that is not there is destroyed already.</summary>
    /// <exception cref="LedgerDirectoryException">The token is missing or refuses.</exception>
    public void Destroy() => _module.Use(uri, pins, writes: true, session =>
    {
        foreach (var key in Objects(session, uri))
        {
            session.DestroyObject(key);
        }

        return Objects(session, uri).Count == 0 ? true : throw new LedgerDirectoryException($"{uri.Words} still has the key {uri.Label} that it was told to destroy");
    });

    /// <summary>Checks that the key is there and fit, and says how it came to be.</summary>
    /// <exception cref="LedgerDirectoryException">It is missing, of another kind, or could leave the token.</exception>
    public TokenKeyOrigin Check() => _module.Use(uri, pins, writes: false, session =>
    {
        var key = Find(session);
        return new TokenKeyOrigin(Flag(session, key, CKA.CKA_LOCAL) && Flag(session, key, CKA.CKA_NEVER_EXTRACTABLE));
    });

    /// <summary>Wraps keys of 32 bytes, each for its place, and opens each again before it is believed.</summary>
    /// <exception cref="LedgerDirectoryException">The token or the key is missing, unfit or fails.</exception>
    public List<byte[]> Wrap(IReadOnlyList<(byte[] Key, string Place)> keys) => _module.Use(uri, pins, writes: false, session =>
    {
        var own = Find(session);
        return keys.Select(pair =>
        {
            var wrapped = Encrypt(session, own, pair.Key, pair.Place);
            return TryDecrypt(session, own, wrapped, pair.Place, out var opened) && CryptographicOperations.FixedTimeEquals(opened, pair.Key)
                ? wrapped
                : throw new LedgerDirectoryException($"{uri.Words} does not open what it has just wrapped (CKM_AES_GCM); nothing was changed");
        }).ToList();
    });

    /// <summary>Opens wrapped keys; null in the place of one that was altered, is another place's or is under another key.</summary>
    /// <exception cref="LedgerDirectoryException">The token or the key is missing, unfit or fails.</exception>
    public List<byte[]?> Unwrap(IReadOnlyList<(byte[] Wrapped, string Place)> keys) => _module.Use(uri, pins, writes: false, session =>
    {
        var own = Find(session);
        return keys.Select(pair => TryDecrypt(session, own, pair.Wrapped, pair.Place, out var opened) ? opened : null).ToList();
    });

    // Some tokens take no nonce and write their own into the parameter's memory; what stands there afterwards was used.
    private static byte[] Encrypt(ISession session, IObjectHandle own, byte[] key, string place)
    {
        var nonce = RandomNumberGenerator.GetBytes(NonceSize);
        using var parameters = Parameters(session, nonce, place);
        using var mechanism = session.Factories.MechanismFactory.Create(CKM.CKM_AES_GCM, parameters);
        var sealedKey = session.Encrypt(mechanism, own, key);
        if (parameters.ToMarshalableStructure() is Net.Pkcs11Interop.LowLevelAPI80.MechanismParams.CK_GCM_PARAMS used)
        {
            Marshal.Copy(used.Iv, nonce, 0, NonceSize);
        }

        return [.. nonce, .. sealedKey];
    }

    private static bool TryDecrypt(ISession session, IObjectHandle own, byte[] wrapped, string place, [NotNullWhen(true)] out byte[]? key)
    {
        key = null;
        if (wrapped.Length != NonceSize + WrappedKey.KeySize + TagSize)
        {
            return false;
        }

        using var parameters = Parameters(session, wrapped[..NonceSize], place);
        using var mechanism = session.Factories.MechanismFactory.Create(CKM.CKM_AES_GCM, parameters);
        try
        {
            key = session.Decrypt(mechanism, own, wrapped[NonceSize..]);
        }
        catch (Pkcs11Exception problem) when (problem.RV is CKR.CKR_ENCRYPTED_DATA_INVALID or CKR.CKR_ENCRYPTED_DATA_LEN_RANGE or CKR.CKR_GENERAL_ERROR or CKR.CKR_FUNCTION_FAILED)
        {
            // The first is what PKCS#11 has for a tag that does not fit; SoftHSM says the third, others the last.
            return false;
        }

        return key.Length == WrappedKey.KeySize;
    }

    private static ICkGcmParams Parameters(ISession session, byte[] nonce, string place) =>
        session.Factories.MechanismParamsFactory.CreateCkGcmParams(nonce, (ulong)nonce.Length * 8, Encoding.UTF8.GetBytes(place), TagSize * 8);

    private static List<IObjectHandle> Objects(ISession session, TokenUri uri)
    {
        var attribute = session.Factories.ObjectAttributeFactory;
        List<IObjectAttribute> template = [attribute.Create(CKA.CKA_CLASS, CKO.CKO_SECRET_KEY), attribute.Create(CKA.CKA_TOKEN, true)];
        if (uri.Label is { } label)
        {
            template.Add(attribute.Create(CKA.CKA_LABEL, label));
        }

        if (uri.Id is { } id)
        {
            template.Add(attribute.Create(CKA.CKA_ID, id));
        }

        return session.FindAllObjects(template);
    }

    private static bool Flag(ISession session, IObjectHandle key, CKA attribute) =>
        session.GetAttributeValue(key, [attribute])[0] is { CannotBeRead: false } value && value.GetValueAsBool();

    private static ulong Number(ISession session, IObjectHandle key, CKA attribute) =>
        session.GetAttributeValue(key, [attribute])[0] is { CannotBeRead: false } value ? value.GetValueAsUlong() : ulong.MaxValue;

    private IObjectHandle Find(ISession session)
    {
        var token = uri.Words;
        var named = uri.Label is { } label ? $"the key \"{label}\"" : $"the key with the id {Convert.ToHexStringLower(uri.Id!)}";
        var own = Objects(session, uri) switch
        {
            [var one] => one,
            [] => throw new LedgerDirectoryException($"{token} has no {named[4..]}{(uri is { Label: not null, Id: { } id } ? $" with the id {Convert.ToHexStringLower(id)}" : "")}; `cairn vault make-key URI` makes one, and a key that was destroyed does not come back"),
            var several => throw new LedgerDirectoryException($"{token} has {several.Count} keys that fit {named}; add id=%HH… to the PKCS#11 URI"),
        };
        List<string> wrong = [];
        if (Number(session, own, CKA.CKA_KEY_TYPE) is var type && type != (ulong)CKK.CKK_AES)
        {
            wrong.Add($"CKA_KEY_TYPE CKK_AES, found {(Enum.IsDefined((CKK)type) ? (CKK)type : "another")}");
        }
        else if (Number(session, own, CKA.CKA_VALUE_LEN) is var length && length != WrappedKey.KeySize)
        {
            wrong.Add($"CKA_VALUE_LEN {WrappedKey.KeySize}, found {length}");
        }

        foreach (var (attribute, expected) in new[] { (CKA.CKA_SENSITIVE, true), (CKA.CKA_EXTRACTABLE, false), (CKA.CKA_PRIVATE, true), (CKA.CKA_ENCRYPT, true), (CKA.CKA_DECRYPT, true) })
        {
            if (Flag(session, own, attribute) != expected)
            {
                wrong.Add($"{attribute} {expected}, found {!expected}");
            }
        }

        return wrong.Count == 0 ? own : throw new LedgerDirectoryException($"{named} of {token} can't be used: expected {string.Join("; expected ", wrong)}");
    }
}
