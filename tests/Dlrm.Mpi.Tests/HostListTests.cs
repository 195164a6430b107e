using Dlrm.Mpi.Launching;
using Xunit;

namespace Dlrm.Mpi.Tests;

public sealed class HostListTests
{
    [Theory]
    [InlineData("a:2,b:3", "a:2,b:3")]
    [InlineData("a,b", "a:1,b:1")]
    public void Hosts_are_read_with_their_ranks(string text, string expected) => Assert.Equal(expected, HostList.Parse(text).ToString());

    [Fact]
    public void A_hostfile_is_read_in_either_form() =>
        Assert.Equal("a:2,b:1,c:4", HostList.ParseFile(["# ours", "a slots=2 max_slots=8", "", "b # the slow one", "c:4"]).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("a:0")]
    [InlineData("a:x")]
    [InlineData("a:1:2")]
    [InlineData(",a")]
    public void What_is_no_list_is_refused(string text) => Assert.Throws<FormatException>(() => HostList.Parse(text));

    [Fact]
    public void The_first_ranks_go_to_the_first_hosts() => Assert.Equal("a:2,b:1", HostList.Parse("a:2,b:3,c:1").Take(3).ToString());

    [Theory]
    [InlineData("b", 1, "a:2,b:2")]
    [InlineData("b.example.org", 3, "a:2")]
    [InlineData("c", 1, "a:2,b:3")]
    public void A_host_that_lost_a_rank_takes_fewer(string host, int ranks, string expected) =>
        Assert.Equal(expected, HostList.Parse("a:2,b:3").Without(host, ranks).ToString());
}
