using Dlrm.Cli.Running;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Cli.Tests.Running;

public class RunHistoryTests
{
    [Fact]
    public void A_long_run_is_thinned_evenly()
    {
        var history = new RunHistory();
        for (int step = 1; step <= 100_000; step++)
        {
            history.Trained(new TrainRecord(step, step, 100_000, 0, 0.5, 1, 0.1, step));
        }

        Assert.InRange(history.Training.Count, 10_000, 20_000);
        long[] gaps = [.. history.Training.Zip(history.Training.Skip(1), (a, b) => b.Step - a.Step).Distinct()];
        Assert.Single(gaps);
    }
}
