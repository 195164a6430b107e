using Xunit;

namespace Dlrm.Mpi.Tests;

public sealed class RankAgreementTests
{
    [Fact]
    public void Differences_are_named_with_ranks_hosts_and_values()
    {
        string text = RankAgreement.Describe(
        [
            Facts("a", ("version", "1"), ("the data's hash", "00ff")),
            Facts("b", ("version", "2"), ("the data's hash", "00ff")),
            Facts("b", ("version", "2"), ("the data's hash", "00ee"), ("--momentum", "0.9")),
        ]);
        Assert.Equal(
            "The ranks do not agree. version is 1 on rank 0 (a) but 2 on ranks 1, 2 (b). the data's hash is 00ff on rank 0 (a) but 00ee on rank 2 (b). "
            + "--momentum is not there on rank 0 (a) but 0.9 on rank 2 (b). Give every rank the same program, options and files.",
            text);
    }

    private static RankFacts Facts(string host, params (string Name, string Value)[] facts) =>
        new(host, facts.ToDictionary(fact => fact.Name, fact => fact.Value));
}
