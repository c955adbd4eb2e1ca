using System.Buffers;
using System.Text;
using System.Text.Json;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Bundles;

/// <summary>Checks a bundle and finds all that is wrong with it, not only the first thing.</summary>
internal sealed class BundleLoader : IDisposable
{
    private const int MostPolicies = 10_000;

    private readonly BundleFiles _files;
    private readonly CedarModule _module;
    private readonly bool _isRecorded;
    private readonly List<PolicyProblem> _problems = [];
    private CedarInstance? _instance;

    private BundleLoader(BundleFiles files, CedarModule module, bool isRecorded) => (_files, _module, _isRecorded) = (files, module, isRecorded);

    public static PolicyBundle Load(BundleFiles files, CedarModule module, bool isRecorded)
    {
        using var loader = new BundleLoader(files, module, isRecorded);
        try
        {
            return loader.Load();
        }
        catch (CedarCallException e)
        {
            loader._problems.Add(new PolicyProblem("", 0, 0, $"the bundle can't be read by the engine: {e.Message}"));
            throw loader.Failed();
        }
    }

    public void Dispose() => _instance?.Dispose();

    private PolicyBundle Load()
    {
        var manifest = ManifestReader.Read(_files, _problems);
        if (manifest?.EngineVersion is { } wanted && !Begins(_module.Identity.Version, wanted))
        {
            _problems.Add(new PolicyProblem(BundleFiles.Manifest, 0, 0, $"/engine/version: the bundle is for Cedar {wanted}, this is {_module.Identity.Version}"));
        }

        var schema = _files.Text(BundleFiles.Schema);
        var actions = schema is null ? null : ReadSchema(schema);
        if (schema is null)
        {
            _problems.Add(new PolicyProblem(BundleFiles.Schema, 0, 0, "expected a schema, found none"));
        }

        var policies = ReadPolicies(manifest);
        var entities = ReadEntities();
        entities.Name(policies.SelectMany(p => p.Entities));
        if (schema is not null && actions is not null && !_isRecorded)
        {
            // Even where the manifest is wrong, so that its author sees everything at once.
            if (policies.Select(p => p.Id).Where(id => id.Length > 0).Distinct(StringComparer.Ordinal).Count() == policies.Count)
            {
                Validate(schema, policies);
            }

            CheckEntities(schema, entities);
        }

        if (manifest is null || schema is null || actions is null || HasErrors)
        {
            throw Failed();
        }

        var bundle = new PolicyBundle(_files, manifest, schema, actions, entities, policies, []);
        if (_isRecorded)
        {
            return bundle;
        }

        Probe(bundle);
        return HasErrors ? throw Failed() : new PolicyBundle(_files, manifest, schema, actions, entities, policies, [.. _problems]);
    }

    private bool HasErrors => _problems.Exists(p => !p.IsWarning);

    private PolicyBundleException Failed() => new([.. _problems.OrderBy(p => p.File, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column)]);

    private static bool Begins(string version, string wanted) => version == wanted || version.StartsWith(wanted + ".", StringComparison.Ordinal);

    private ActionTable? ReadSchema(string schema)
    {
        using var answer = Ask("schemaToJson", w => w.WriteStringValue(schema));
        if (answer.RootElement.TryGetProperty("json", out var json))
        {
            return new ActionTable(json);
        }

        AddErrors(answer.RootElement, BundleFiles.Schema, schema, 0);
        return null;
    }

    private List<BundlePolicy> ReadPolicies(BundleManifest? manifest)
    {
        var policies = new List<BundlePolicy>();
        var ids = new Dictionary<string, BundlePolicy>(StringComparer.Ordinal);
        foreach (var file in _files.Files.Keys.Where(f => f.EndsWith(".cedar", StringComparison.Ordinal)))
        {
            var text = _files.Text(file)!;
            foreach (var source in PolicySource.Split(file, text))
            {
                using var answer = Ask("policyToJson", w => w.WriteStringValue(source.Text));
                if (!answer.RootElement.TryGetProperty("json", out var json))
                {
                    AddErrors(answer.RootElement, file, text, source.Offset);
                    continue;
                }

                var policy = new BundlePolicy(source, json, PolicySource.Place(text, source.Offset).Line);
                PolicyAnnotations.Check(policy, manifest, _problems);
                if (policy.Id.Length > 0 && !ids.TryAdd(policy.Id, policy))
                {
                    _problems.Add(new PolicyProblem(file, policy.Line, 0, $"the id \"{policy.Id}\" is taken by {ids[policy.Id].File}:{ids[policy.Id].Line}"));
                }

                policies.Add(policy);
                if (policies.Count > MostPolicies)
                {
                    throw new PolicyBundleException($"a bundle has at most {MostPolicies} policies, found more");
                }
            }
        }

        if (policies.Count == 0 && !HasErrors)
        {
            _problems.Add(new PolicyProblem("", 0, 0, "the bundle has no policy: everything would be denied", IsWarning: true));
        }

        return policies;
    }

    private EntityStore ReadEntities()
    {
        var store = new EntityStore();
        if (!_files.Files.ContainsKey(BundleFiles.Entities) || JsonPlace.Read(_files, BundleFiles.Entities, _problems) is not { } root)
        {
            return store;
        }

        foreach (var item in root.Items())
        {
            var members = item.Members("uid", "attrs", "parents", "tags");
            if (!members.TryGetValue("uid", out var named) || EntityUid.Read(named.Value) is not { } uid)
            {
                item.Problem("expected uid, an object with type and id");
                continue;
            }

            var attributes = members.GetValueOrDefault("attrs");
            foreach (var attribute in members.ContainsKey("attrs") ? attributes.AnyMembers().Keys.ToList() : [])
            {
                if (uid.Type == RequestEntity.Agent && RequestEntity.AgentAttributes.Contains(attribute))
                {
                    attributes.Problem($"{attribute} of an Agent comes with each request; a bundle can't set it");
                }
            }

            foreach (var parent in members.TryGetValue("parents", out var parents) ? parents.Items() : [])
            {
                if (EntityUid.Read(parent.Value) is null)
                {
                    parent.Problem("expected an object with type and id");
                }
            }

            if (!store.Add(uid, item.Value))
            {
                item.Problem($"{uid} is there already");
            }
        }

        return store;
    }

    private void Validate(string schema, List<BundlePolicy> policies)
    {
        using var answer = Ask("validate", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("schema"u8, schema);
            writer.WritePropertyName("policies"u8);
            PolicySets.Write(writer, policies);
            writer.WriteEndObject();
        });
        if (!answer.RootElement.TryGetProperty("validationErrors", out var errors))
        {
            AddErrors(answer.RootElement, "", "", 0);
            return;
        }

        var byId = policies.ToDictionary(p => p.Id, StringComparer.Ordinal);
        AddOfPolicies(errors, byId, warning: false);
        AddOfPolicies(answer.RootElement.GetProperty("validationWarnings"), byId, warning: true);
    }

    private void AddOfPolicies(JsonElement errors, Dictionary<string, BundlePolicy> policies, bool warning)
    {
        foreach (var error in errors.EnumerateArray())
        {
            var policy = policies[error.GetProperty("policyId").GetString()!];
            Add(error.GetProperty("error"), policy.File, _files.Text(policy.File)!, policy.Source.Offset, warning);
        }
    }

    private void CheckEntities(string schema, EntityStore entities)
    {
        using var answer = Ask("checkParseEntities", writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("entities"u8);
            writer.WriteStartArray();
            entities.Write(writer, [], _ => true, all: true);
            writer.WriteEndArray();
            writer.WriteString("schema"u8, schema);
            writer.WriteEndObject();
        });
        if (answer.RootElement.TryGetProperty("errors", out _))
        {
            AddErrors(answer.RootElement, BundleFiles.Entities, "", 0);
        }
    }

    /// <summary>Puts a plain request of each action to the bundle: the schema has to know what every request has.</summary>
    private void Probe(PolicyBundle bundle)
    {
        if (bundle.Actions.Requestable.Count == 0)
        {
            _problems.Add(new PolicyProblem(BundleFiles.Schema, 0, 0, "the schema has no action that an Agent could be allowed: everything would be denied", IsWarning: true));
        }

        using var evaluator = new PolicyEvaluator(bundle, _module, instances: 1);
        foreach (var action in bundle.Actions.Requestable)
        {
            foreach (var detail in Probes.Of(action, bundle.Manifest).SelectMany(probe => evaluator.EvaluateWhole(probe).RequestErrors).Distinct())
            {
                _problems.Add(new PolicyProblem(BundleFiles.Schema, 0, 0, $"action \"{action}\" does not fit what requests have: {detail} (docs/policy.md has the schema)"));
            }
        }
    }

    private JsonDocument Ask(string function, Action<Utf8JsonWriter> argument)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            argument(writer);
        }

        // After a failed call the next question goes to a fresh instance, so that one bad policy does not hide the others.
        if (_instance is null or { IsBroken: true })
        {
            _instance?.Dispose();
            _instance = new CedarInstance(_module);
        }

        return JsonDocument.Parse(_instance.Call(function, buffer.WrittenSpan.ToArray()), new JsonDocumentOptions { MaxDepth = 1000 });
    }

    private void AddErrors(JsonElement answer, string file, string text, int offset)
    {
        foreach (var error in answer.GetProperty("errors").EnumerateArray())
        {
            Add(error, file, text, offset, warning: false);
        }
    }

    private void Add(JsonElement error, string file, string text, int offset, bool warning)
    {
        var (line, column) = (0, 0);
        var message = new StringBuilder(error.GetProperty("message").GetString());
        if (error.TryGetProperty("sourceLocations", out var places) && places.GetArrayLength() > 0 && text.Length > 0)
        {
            (line, column) = PolicySource.Place(text, offset + places[0].GetProperty("start").GetInt32());
            if (places[0].TryGetProperty("label", out var label) && label.GetString() is { } expected)
            {
                message.Append("; ").Append(expected);
            }
        }

        if (error.TryGetProperty("help", out var help) && help.GetString() is { } advice)
        {
            message.Append(" (").Append(advice).Append(')');
        }

        _problems.Add(new PolicyProblem(file, line, column, message.ToString(), warning));
    }
}
