using System.Security.Cryptography;
using Cairn.Policy.Engine;
using Wasmtime;

// Compiles the policy engine for the machine that builds: cairn-policy-precompile MODULE CODE
if (args is not [var modulePath, var codePath])
{
    Console.Error.WriteLine("usage: Cairn.Policy.Precompile MODULE.wasm CODE.cwasm");
    return 2;
}

var wasm = File.ReadAllBytes(modulePath);
using var configuration = EngineConfiguration.Create();
using var engine = new Engine(configuration);
using var module = Module.FromBytes(engine, "cedar", wasm);
var next = $"{codePath}.{Environment.ProcessId}";
File.WriteAllBytes(next, MachineCode.Pack(SHA256.HashData(wasm), module.Serialize()));
File.Move(next, codePath, overwrite: true);
return 0;
