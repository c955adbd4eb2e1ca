using Cairn.Policy.Bundles;

namespace Cairn.Policy.Evaluation;

/// <summary>Policies that are put to the engine together.</summary>
/// <param name="Key">Names the slice within its bundle.</param>
/// <param name="Count">How many policies it has.</param>
/// <param name="Policies">The policies.</param>
internal sealed record PolicySlice(string Key, int Count, IEnumerable<BundlePolicy> Policies);

/// <summary>
/// Leaves out policies whose head names an action, principal or resource that a request is not about, or whose condition
/// begins with another name: the engine takes its time for each policy that it is given. By Cedar's semantics such a policy is
/// not satisfied and raises no error, so the answer is the same as that of all policies.
/// </summary>
internal sealed class PolicySlices
{
    private readonly Dictionary<string, ActionSlices> _actions;

    public PolicySlices(PolicyBundle bundle)
    {
        All = new PolicySlice("", bundle.Policies.Count, bundle.Policies);
        _actions = bundle.Actions.Requestable.ToDictionary(a => a, a => new ActionSlices(bundle, a), StringComparer.Ordinal);
    }

    /// <summary>All policies.</summary>
    public PolicySlice All { get; }

    /// <summary>The policies that may apply to a call.</summary>
    public PolicySlice For(CedarCall call) => _actions[call.Input.ActionType].For(call);

    private sealed class ActionSlices
    {
        private readonly PolicyBundle _bundle;
        private readonly List<BundlePolicy> _common = [];
        private readonly Dictionary<EntityUid, Bucket> _buckets = [];
        private readonly Dictionary<string, Bucket> _named = new(StringComparer.Ordinal);
        private readonly PolicySlice _all;
        private readonly string _name;

        public ActionSlices(PolicyBundle bundle, string action)
        {
            (_bundle, _name) = (bundle, action);
            var above = bundle.Actions.Above(new EntityUid("Action", action));
            var policies = bundle.Policies.Where(p => p.Scope.Actions is null || p.Scope.Actions.Any(above.Contains)).ToList();
            foreach (var policy in policies)
            {
                if ((policy.Scope.Resource ?? policy.Scope.Principal) is { } root)
                {
                    Add(_buckets, root, policy);
                }
                else if (policy.Scope.Name is { } asked)
                {
                    Add(_named, asked, policy);
                }
                else
                {
                    _common.Add(policy);
                }
            }

            _all = new PolicySlice($"{action}\n*", policies.Count, policies);
        }

        public PolicySlice For(CedarCall call)
        {
            if (_buckets.Count + _named.Count == 0)
            {
                return _all;
            }

            var hit = new List<Bucket>();
            if (_named.TryGetValue(call.Input.ActionName, out var named))
            {
                hit.Add(named);
            }

            if (_buckets.Count > 0)
            {
                var reachable = _bundle.Entities.Ancestors(call.Target.Uid, call.Target.Parent);
                reachable.UnionWith(_bundle.Entities.Ancestors(call.Principal.Uid, call.Principal.Parent));
                foreach (var uid in reachable)
                {
                    if (_buckets.TryGetValue(uid, out var bucket))
                    {
                        hit.Add(bucket);
                    }
                }
            }

            var count = _common.Count + hit.Sum(b => b.Policies.Count);
            if (2 * count > _all.Count)
            {
                return _all;
            }

            hit.Sort((a, b) => a.Index.CompareTo(b.Index));
            return new PolicySlice($"{_name}\n{string.Join(',', hit.Select(b => b.Index))}", count, _common.Concat(hit.SelectMany(b => b.Policies)));
        }

        private void Add<TKey>(Dictionary<TKey, Bucket> buckets, TKey key, BundlePolicy policy)
            where TKey : notnull
        {
            if (!buckets.TryGetValue(key, out var bucket))
            {
                buckets[key] = bucket = new Bucket(_buckets.Count + _named.Count, []);
            }

            bucket.Policies.Add(policy);
        }
    }

    private sealed record Bucket(int Index, List<BundlePolicy> Policies);
}
