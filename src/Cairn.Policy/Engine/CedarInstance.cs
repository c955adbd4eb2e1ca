using System.Text;
using Wasmtime;

namespace Cairn.Policy.Engine;

/// <summary>
/// One running copy of the module with its own memory. One call at a time; after a call that throws, it is to be thrown
/// away, because nobody knows what state it left.
/// </summary>
/// <remarks>
/// The module was made for JavaScript: it takes and gives JavaScript values, which it turns into JSON text and back by
/// calling its host. Here the value is the JSON text itself, so that no JavaScript is needed and nothing is parsed twice.
/// </remarks>
internal sealed class CedarInstance : IDisposable
{
    /// <summary>The most memory that an instance may take: a thousand policies take about 10 MB.</summary>
    private const long MostMemory = 512L << 20;

    /// <summary>Work of a call that parses policies or a schema, in units of fuel; about 10 s.</summary>
    public const ulong PreparationFuel = 10_000_000_000;

    /// <summary>Work of one decision, in units of fuel; about half a second.</summary>
    public const ulong DecisionFuel = 500_000_000;

    private const int CallsBetweenCollections = 256;
    private const string Host = "./cedar_wasm_bg.js";

    private readonly object _undefined = new();
    private readonly Store _store;
    private readonly Linker _linker;
    private readonly Instance _instance;
    private readonly Memory _memory;
    private readonly Table _table;
    private readonly Func<int, int, int> _allocate;
    private readonly Func<object?, object?> _statefulIsAuthorized;
    private int _calls;
    private string? _thrown;

    public CedarInstance(CedarModule module)
    {
        _store = new Store(module.WasmEngine);
        _store.SetLimits(memorySize: MostMemory, tableElements: 1 << 20, instances: 1, tables: 8, memories: 1);
        _store.Fuel = PreparationFuel;
        _linker = new Linker(module.WasmEngine);
        DefineHost(module.Module);
        _instance = _linker.Instantiate(_store, module.Module);
        _memory = _instance.GetMemory("memory") ?? throw Lacks("memory");
        _table = _instance.GetTable("__wbindgen_externrefs") ?? throw Lacks("__wbindgen_externrefs");
        _allocate = _instance.GetFunction<int, int, int>("__wbindgen_malloc") ?? throw Lacks("__wbindgen_malloc");
        _statefulIsAuthorized = Function("statefulIsAuthorized");
        (_instance.GetAction("__wbindgen_start") ?? throw Lacks("__wbindgen_start"))();
    }

    /// <summary>Bytes of its memory.</summary>
    public long MemoryBytes => _memory.GetLength();

    /// <summary>Whether a call failed, so that it must not be used again.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Decides with policies prepared before.</summary>
    /// <param name="call">Cedar's <c>StatefulAuthorizationCall</c>, UTF-8 JSON.</param>
    /// <param name="fuel">The most work.</param>
    /// <returns>Cedar's <c>AuthorizationAnswer</c>.</returns>
    /// <exception cref="CedarCallException">It did not end.</exception>
    public byte[] StatefulIsAuthorized(byte[] call, ulong fuel) => Run(fuel, () => _statefulIsAuthorized(call));

    /// <summary>Calls a function of one argument, such as <c>validate</c>.</summary>
    /// <exception cref="CedarCallException">It did not end.</exception>
    public byte[] Call(string function, byte[] argument)
    {
        var callee = Function(function);
        return Run(PreparationFuel, () => callee(argument));
    }

    /// <summary>Calls a function of a text and a value, such as <c>preparsePolicySet</c>.</summary>
    /// <exception cref="CedarCallException">It did not end.</exception>
    public byte[] Call(string function, string text, byte[] argument)
    {
        var callee = _instance.GetFunction<int, int, object?, object?>(function) ?? throw Lacks(function);
        return Run(PreparationFuel, () =>
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return callee(Write(bytes), bytes.Length, argument);
        });
    }

    /// <summary>The version that the module gives itself.</summary>
    public string Version()
    {
        var function = _instance.GetFunction("getCedarVersion") ?? throw Lacks("getCedarVersion");
        return function.Invoke() is object[] { Length: 2 } place && place[0] is int at && place[1] is int length
            ? _memory.ReadString(at, length, Encoding.UTF8)
            : throw Lacks("getCedarVersion");
    }

    public void Dispose()
    {
        _linker.Dispose();
        _store.Dispose();
    }

    private byte[] Run(ulong fuel, Func<object?> call)
    {
        if (IsBroken)
        {
            throw new CedarCallException("the engine's instance failed before");
        }

        // Values that were handed in and out stay referenced until the store looks for those that no longer are.
        if (++_calls % CallsBetweenCollections == 0)
        {
            _store.GC();
        }

        IsBroken = true;
        _store.Fuel = fuel;
        try
        {
            if (call() is not byte[] answer)
            {
                throw new CedarCallException("the engine answered with something that is not JSON");
            }

            IsBroken = false;
            return answer;
        }
        catch (TrapException e)
        {
            throw new CedarCallException(e.Type switch
            {
                TrapCode.OutOfFuel => "the evaluation used up its budget of work",
                TrapCode.StackOverflow => "the evaluation used up its stack",
                TrapCode.Unreachable => "the engine gave up (out of memory, or an error in it)",
                _ => $"the engine trapped: {e.Type}",
            }, e);
        }
        catch (WasmtimeException e)
        {
            throw new CedarCallException(_thrown is null ? "the engine failed" : $"the engine refused the call: {_thrown}", e);
        }
    }

    private Func<object?, object?> Function(string name) => _instance.GetFunction<object?, object?>(name) ?? throw Lacks(name);

    private int Write(ReadOnlySpan<byte> bytes)
    {
        var at = _allocate(bytes.Length, 1);
        bytes.CopyTo(_memory.GetSpan((uint)at, bytes.Length));
        return at;
    }

    /// <summary>
    /// The six functions that the module asks of its host. Their names end in a hash of the binding's version, so they are
    /// found by how they begin; one more or one less is another module than this code was written for.
    /// </summary>
    private void DefineHost(Module module)
    {
        foreach (var import in module.Imports)
        {
            switch (import.Name)
            {
                case var name when name.StartsWith("__wbg_parse_", StringComparison.Ordinal):
                    _linker.DefineFunction<int, int, object?>(Host, name, (at, length) => _memory.GetSpan((uint)at, length).ToArray());
                    break;
                case var name when name.StartsWith("__wbg_stringify_", StringComparison.Ordinal):
                    _linker.DefineFunction<object?, object?>(Host, name, value => value);
                    break;
                case var name when name.StartsWith("__wbg___wbindgen_string_get_", StringComparison.Ordinal):
                    _linker.DefineFunction<int, object?>(Host, name, GetString);
                    break;
                case var name when name.StartsWith("__wbg___wbindgen_is_undefined_", StringComparison.Ordinal):
                    _linker.DefineFunction<object?, int>(Host, name, value => value is null || ReferenceEquals(value, _undefined) ? 1 : 0);
                    break;
                case var name when name.StartsWith("__wbg___wbindgen_throw_", StringComparison.Ordinal):
                    _linker.DefineFunction<int, int>(Host, name, Throw);
                    break;
                case "__wbindgen_init_externref_table":
                    _linker.DefineFunction(Host, import.Name, InitializeTable);
                    break;
                default:
                    throw new InvalidOperationException($"the policy engine asks its host for {import.Name}, which this build does not know");
            }
        }
    }

    private void GetString(int destination, object? value)
    {
        var (at, length) = value is byte[] bytes ? (Write(bytes), bytes.Length) : (0, 0);
        _memory.WriteInt32((uint)destination, at);
        _memory.WriteInt32((uint)destination + 4, length);
    }

    private void Throw(int at, int length)
    {
        _thrown = _memory.ReadString((uint)at, Math.Min(length, 512), Encoding.UTF8);
        throw new CedarCallException(_thrown);
    }

    private void InitializeTable()
    {
        var start = (uint)_table.Grow(4, _undefined);
        _table.SetElement(0, _undefined);
        _table.SetElement(start, _undefined);
        _table.SetElement(start + 1, "null"u8.ToArray());
        _table.SetElement(start + 2, "true"u8.ToArray());
        _table.SetElement(start + 3, "false"u8.ToArray());
    }

    private static InvalidOperationException Lacks(string what) => new($"the policy engine has no {what} of the expected form");
}
