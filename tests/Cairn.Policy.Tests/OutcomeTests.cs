namespace Cairn.Policy.Tests;

public sealed class OutcomeTests
{
    [Fact]
    public void Outcome_that_nobody_set_is_a_denial() => Assert.Equal(PolicyOutcome.Deny, default);
}
