using System.Text.Json;
using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Profiling;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Dlrm.Tests.Threading;
using Xunit;

namespace Dlrm.Tests.Profiling;

public sealed class ProfilerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_stage_is_the_sum_of_its_layers_at_most_and_every_table_is_there(int threads)
    {
        Profiler profiler = Profile(threads, steps: 4, eventsPerThread: 1000);
        IReadOnlyList<ProfileTotal> totals = profiler.Totals();
        foreach (ProfileTotal stage in totals.Where(total => total.Layer.Length == 0))
        {
            double layers = totals.Where(total => total.Stage == stage.Stage && total.Layer.Contains(".weight", StringComparison.Ordinal))
                .Sum(total => total.Milliseconds);
            Assert.InRange(layers, 0, stage.Milliseconds + 1e-6);
        }

        string[] tables = ["emb_l.0", "emb_l.1", "emb_l.2", "emb_l.3", "emb_l.4"];
        Assert.Equal(tables, totals.Where(total => total.Stage == "embedding forward" && total.Layer.Length > 0).Select(total => total.Layer).Order());
        Assert.Equal(tables, totals.Where(total => total.Stage == "embedding update" && total.Layer.StartsWith("emb_l", StringComparison.Ordinal)).Select(total => total.Layer).Order());
        Assert.Equal(4, totals.Single(total => total.Stage == "bottom forward" && total.Layer == "bot_l.0.weight").Count);
    }

    [Fact]
    public void Events_end_where_the_room_ends_and_sums_go_on()
    {
        Profiler profiler = Profile(threads: 1, steps: 5, eventsPerThread: 10);
        Assert.Equal(5, profiler.Totals().Single(total => total.Stage == "loss").Count);
        using var stream = new MemoryStream();
        ChromeTrace.Write(profiler, stream);
        using JsonDocument trace = JsonDocument.Parse(stream.ToArray());
        Assert.Equal(20, trace.RootElement.GetProperty("traceEvents").EnumerateArray().Count(e => e.GetProperty("ph").GetString() == "X"));
    }

    [Fact]
    public void A_measured_step_allocates_nothing_once_all_names_were_seen()
    {
        using var engine = new Engine(2);
        engine.Profiler = new Profiler(2);
        DlrmConfig config = ModelFixture.Config();
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        ModelFixture.Source(config, random).Read(0, batch);
        model.TrainStep(batch, 0.1f);
        Assert.Equal(0, TeamAllocations.Of(engine.Team, () => model.TrainStep(batch, 0.1f)));
    }

    private static Profiler Profile(int threads, int steps, int eventsPerThread)
    {
        using var engine = new Engine(threads);
        DlrmConfig config = ModelFixture.Config();
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        ModelFixture.Source(config, random).Read(0, batch);
        engine.Profiler = new Profiler(threads, eventsPerThread);
        for (int step = 0; step < steps; step++)
        {
            model.TrainStep(batch, 0.1f);
        }

        return engine.Profiler;
    }
}
