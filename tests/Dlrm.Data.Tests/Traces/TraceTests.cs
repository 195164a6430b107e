using System.Text.Json;
using CsCheck;
using Dlrm.Data.Traces;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Data.Tests.Traces;

/// <summary>Against what the reference's dlrm_data_pytorch.py wrote (TestData/make_traces.py), and against plain lists.</summary>
public sealed class TraceTests
{
    private static readonly JsonElement Reference = Load("traces.json");

    [Fact]
    public void Profile_and_synthetic_trace_are_the_references_files()
    {
        using var folder = new TemporaryFolder();
        foreach (JsonElement program in Reference.GetProperty("programs").EnumerateArray())
        {
            ulong[] trace = TraceFile.Read(folder.Write("trace", program.GetProperty("trace").GetString()!), binary: false);
            StackDistances distances = StackDistances.Profile(trace);
            distances.Write(folder["dist"]);
            Assert.Equal(program.GetProperty("dist").GetString(), File.ReadAllText(folder["dist"]));
            ulong[] made = TraceFile.Generate(StackDistances.Read(folder["dist"]), trace.Length, padding: false, new NumpyRandom(123));
            TraceFile.Write(folder["out"], made, binary: false);
            Assert.Equal(program.GetProperty("out").GetString(), File.ReadAllText(folder["out"]));
        }
    }

    /// <summary>TestData/pack_units.py; with padding the reference fails (it adds a list to a deque), so its case has no numbers.</summary>
    [Fact]
    public void Profile_and_synthetic_trace_are_those_of_the_golden_units()
    {
        using var folder = new TemporaryFolder();
        JsonElement units = Load("units-traces.json");
        JsonElement[] cases = [.. units.GetProperty("trace").EnumerateArray().Where(test => test.GetProperty("exception").ValueKind == JsonValueKind.Null)];
        Assert.NotEmpty(cases);
        foreach (JsonElement test in cases)
        {
            ulong[] trace = [.. test.GetProperty("trace").EnumerateArray().Select(access => access.GetUInt64())];
            bool padding = test.GetProperty("padding").GetBoolean();
            StackDistances.Profile(trace, padding).Write(folder["dist_emb_0.log"]);
            Assert.Equal(test.GetProperty("dist").EnumerateArray().Select(line => line.GetString()), File.ReadAllLines(folder["dist_emb_0.log"]));
            ulong[] made = TraceFile.Generate(
                StackDistances.Read(folder["dist_emb_0.log"]), trace.Length, padding, new NumpyRandom(units.GetProperty("seed").GetInt64()));
            TraceFile.Write(folder["out"], made, binary: false);
            Assert.Equal(test.GetProperty("synthetic").EnumerateArray().Single().GetString(), File.ReadAllText(folder["out"]));
        }
    }

    [Fact]
    public void Batches_are_the_references()
    {
        using var folder = new TemporaryFolder();
        int table = 0;
        foreach (JsonElement program in Reference.GetProperty("programs").EnumerateArray())
        {
            folder.Write($"dist_{table++}.log", program.GetProperty("dist").GetString()!);
        }

        int[] rows = [.. Reference.GetProperty("rows").EnumerateArray().Select(value => value.GetInt32())];
        StackDistances[] distances =
            [.. rows.Select((_, number) => StackDistances.Read(SyntheticBatchSource.FileOf(folder["dist_j.log"], number)))];
        foreach (JsonElement expected in Reference.GetProperty("sources").EnumerateArray())
        {
            var source = new SyntheticBatchSource(
                new RandomDataOptions
                {
                    DenseFeatures = 2,
                    TableRows = rows,
                    DataSize = 7,
                    BatchSize = 4,
                    LookupsPerTable = Reference.GetProperty("lookups").GetInt32(),
                    FixedLookups = expected.GetProperty("fixed").GetBoolean(),
                    Seed = Reference.GetProperty("seed").GetInt32(),
                },
                distances, expected.GetProperty("padding").GetBoolean(), new NumpyRandom(1));
            using var batch = new Batch(2, rows.Length);
            for (int epoch = 0; epoch < 2; epoch++)
            {
                for (int index = 0; index < 2; index++)
                {
                    source.Read(index, batch);
                    AssertSame(expected.GetProperty("batches")[index], batch);
                }
            }
        }
    }

    [Fact]
    public void A_position_goes_on_with_the_same_batch()
    {
        StackDistances distances = StackDistances.Profile([1, 2, 3, 2, 1, 1, 4, 2]);
        var options = new RandomDataOptions { DenseFeatures = 1, TableRows = [5], DataSize = 9, BatchSize = 3 };
        var source = new SyntheticBatchSource(options, [distances], padding: false, new NumpyRandom(1));
        var other = new SyntheticBatchSource(options, [distances], padding: false, new NumpyRandom(2));
        using var one = new Batch(1, 1);
        using var two = new Batch(1, 1);
        source.Read(0, one);
        byte[] position = new byte[source.PositionBytes];
        source.SavePosition(position);
        source.Read(1, one);
        other.RestorePosition(position);
        other.Read(1, two);
        Assert.True(one.Indices(0).SequenceEqual(two.Indices(0)));
        Assert.True(one.Labels.SequenceEqual(two.Labels));
    }

    [Fact]
    public void Distances_are_those_of_a_plain_list() => Gen.Int[0, 40].Array[1, 400].Sample(values =>
    {
        ulong[] trace = [.. values.Select(value => (ulong)value)];
        var stack = new List<ulong>();
        var counts = new SortedDictionary<int, int>();
        foreach (ulong row in trace)
        {
            int place = stack.IndexOf(row);
            int distance = place < 0 ? 0 : stack.Count - place;
            stack.Remove(row);
            stack.Add(row);
            counts[distance] = counts.GetValueOrDefault(distance) + 1;
        }

        StackDistances profile = StackDistances.Profile(trace);
        Assert.Equal(counts.Keys, profile.Distances);
        Assert.Equal(trace.Distinct(), profile.Rows);
        Assert.Equal(1, profile.Cumulative[^1], 1e-9);
    });

    [Fact]
    public void A_long_trace_outgrows_its_slots_and_stays_right()
    {
        // Rows 0 … 99 in turn: 100 first accesses, then always the row used longest ago.
        ulong[] trace = [.. Enumerable.Range(0, 300_000).Select(access => (ulong)(access % 100))];
        StackDistances profile = StackDistances.Profile(trace);
        Assert.Equal([0, 100], profile.Distances);
        Assert.Equal(100 / 300_000.0, profile.Cumulative[0], 1e-12);
    }

    [Fact]
    public void Padding_counts_more_first_accesses()
    {
        StackDistances profile = StackDistances.Profile([1, 2, 1, 2, 1, 2, 1], padding: true);
        Assert.Equal([0, 2], profile.Distances);

        // Seven accesses, of which two are first ones; the largest distance is 2, so ceil(7 / 2) are added.
        Assert.Equal([6 / 11.0, (6 / 11.0) + (5 / 11.0)], profile.Cumulative);
    }

    [Fact]
    public void Binary_traces_come_back()
    {
        using var folder = new TemporaryFolder();
        ulong[] trace = [0, ulong.MaxValue, 7];
        TraceFile.Write(folder["b"], trace, binary: true);
        Assert.Equal(24, new FileInfo(folder["b"]).Length);
        Assert.Equal(trace, TraceFile.Read(folder["b"], binary: true));
        TraceFile.Write(folder["t"], trace, binary: false);
        Assert.Equal("0, 18446744073709551615, 7", File.ReadAllText(folder["t"]));
        Assert.Equal(trace, TraceFile.Read(folder["t"], binary: false));
        Assert.Equal(["b", "t"], folder.Files);
    }

    [Theory]
    [InlineData("1, 2\n0, 1\n", "has 2 lines")]
    [InlineData("1, x\n0, 1\n0.5, 1.0\n", "line 1, number 2: 'x'")]
    [InlineData("1, 2\n0, 1\n0.5\n", "2 distances, its third 1 shares")]
    [InlineData("1, 2\n0, 3\n0.5, 1.0\n", "reach 3, but it lists 2 rows")]
    [InlineData("1, 2\n1, 0\n0.5, 1.0\n", "do not ascend")]
    [InlineData("1, 2\n0, 1\n0.5, 0.25\n", "shares do not ascend")]
    public void A_bad_distribution_is_refused_with_the_place(string text, string message)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("dist.log", text);
        Assert.Contains(message, Assert.Throws<BadDataException>(() => StackDistances.Read(file)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1, 2, x, 3", "access 3: 'x'")]
    [InlineData("", "access 1: ''")]
    [InlineData("1, -2", "access 2: '-2'")]
    public void A_bad_trace_is_refused_with_the_place(string text, string message)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("trace.log", text);
        Assert.Contains(message, Assert.Throws<BadDataException>(() => TraceFile.Read(file, binary: false)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.1, "0.1")]
    [InlineData(1, "1.0")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(1.25e-7, "1.25e-07")]
    [InlineData(0.7499999999999999, "0.7499999999999999")]
    [InlineData(1e16, "1e+16")]
    [InlineData(123456.5, "123456.5")]
    [InlineData(-12, "-12.0")]
    [InlineData(0, "0.0")]
    public void Numbers_look_as_in_python(double value, string text) => Assert.Equal(text, PythonNumber.Text(value));

    private static void AssertSame(JsonElement expected, Batch batch)
    {
        static float[] Floats(JsonElement values) => [.. values.EnumerateArray().Select(value => value.GetSingle())];
        Assert.Equal(Floats(expected.GetProperty("dense")), batch.Dense.ToArray());
        Assert.Equal(Floats(expected.GetProperty("labels")), batch.Labels.ToArray());
        for (int table = 0; table < batch.Tables; table++)
        {
            Assert.Equal(
                expected.GetProperty("indices")[table].EnumerateArray().Select(value => value.GetInt32()),
                batch.Indices(table).ToArray());
            Assert.Equal(
                expected.GetProperty("offsets")[table].EnumerateArray().Select(value => value.GetInt32()),
                batch.Offsets(table).ToArray()[..^1]);
        }
    }

    private static JsonElement Load(string name)
    {
        using Stream stream = typeof(TraceTests).Assembly.GetManifestResourceStream(name)!;
        using JsonDocument document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
