using Wasmtime;

namespace Cairn.Policy.Engine;

/// <summary>How WebAssembly is run. Machine code loads only where it was compiled under the same settings.</summary>
internal static class EngineConfiguration
{
    /// <summary>
    /// Fuel counts what is executed, so that a call ends after so much work, and after the same work on every machine.
    /// What the module does not use is off.
    /// </summary>
    public static Config Create() => new Config()
        .WithFuelConsumption(true)
        .WithReferenceTypes(true)
        .WithMaximumStackSize(1 << 20)
        .WithWasmThreads(false)
        .WithOptimizationLevel(OptimizationLevel.Speed);
}
