using Cairn.Evidence;
using Wasmtime;
using WasmEngine = Wasmtime.Engine;

namespace Cairn.Policy.Engine;

/// <summary>
/// Cedar's reference implementation, compiled once for the process: <c>@cedar-policy/cedar-wasm</c>, whose bytes are
/// embedded here and whose digest is in every decision. Instances share its code.
/// </summary>
public sealed class CedarModule
{
    private const string CodeFile = "cedar.cwasm";
    private static readonly Lazy<CedarModule> Instance = new(Load);

    private CedarModule(WasmEngine engine, Module module, Digest digest, bool precompiled)
    {
        (WasmEngine, Module, IsPrecompiled) = (engine, module, precompiled);
        Identity = new PolicyEngine("cedar", "", digest);
        using var instance = new CedarInstance(this);
        Identity = Identity with { Version = instance.Version() };
    }

    /// <summary>The module, loaded on first use: some 30 ms, or seconds where its machine code is not beside the program.</summary>
    public static CedarModule Shared => Instance.Value;

    /// <summary>Name, version, and SHA-256 of the WebAssembly as run.</summary>
    public PolicyEngine Identity { get; }

    /// <summary>Whether the machine code lay beside the program.</summary>
    public bool IsPrecompiled { get; }

    /// <summary>The WebAssembly itself, whose digest decisions name: for evidence that is to be recomputed elsewhere.</summary>
    public static ReadOnlyMemory<byte> Bytes => Embedded();

    internal WasmEngine WasmEngine { get; }

    internal Module Module { get; }

    private static CedarModule Load()
    {
        var wasm = Embedded();
        var digest = Digest.Sha256(wasm);
        var configuration = EngineConfiguration.Create();
        var engine = new WasmEngine(configuration);
        return Precompiled(engine, digest) is { } module
            ? new CedarModule(engine, module, digest, precompiled: true)
            : new CedarModule(engine, Module.FromBytes(engine, "cedar", wasm), digest, precompiled: false);
    }

    /// <summary>Null when there is no code for this processor, or none of this module: then it is compiled here.</summary>
    private static Module? Precompiled(WasmEngine engine, Digest digest)
    {
        var path = Path.Combine(AppContext.BaseDirectory, CodeFile);
        if (!File.Exists(path))
        {
            return null;
        }

        var code = MachineCode.Unpack(digest.ToArray(), File.ReadAllBytes(path));
        if (code.IsEmpty)
        {
            return null;
        }

        try
        {
            return Module.Deserialize(engine, "cedar", code);
        }
        catch (WasmtimeException)
        {
            // Compiled for a processor with instructions that this one lacks.
            return null;
        }
    }

    private static byte[] Embedded()
    {
        using var stream = typeof(CedarModule).Assembly.GetManifestResourceStream("cedar.wasm")
            ?? throw new InvalidOperationException("this build of Cairn.Policy holds no policy engine (resource cedar.wasm)");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
