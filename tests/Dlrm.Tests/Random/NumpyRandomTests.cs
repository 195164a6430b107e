using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Dlrm.Random;
using Dlrm.Tests.Golden;
using Xunit;

namespace Dlrm.Tests.Random;

public sealed class NumpyRandomTests
{
    /// <summary>units.json: one list of draws of numpy 1.24, in order, of every kind.</summary>
    [Fact]
    public void Draws_are_those_of_numpy()
    {
        using Stream stream = GoldenFiles.Open("units");
        JsonNode units = JsonNode.Parse(stream)!;
        var random = new NumpyRandom(units["seed"]!.GetValue<long>());
        foreach (JsonNode? step in units["numpy"]!.AsArray())
        {
            string kind = step![0]!.GetValue<string>();
            double[] arguments = step[1].Deserialize<double[]>()!;
            double[] expected = step[2].Deserialize<double[]>()!;
            int count = (int)arguments[^1];
            double[] actual = kind switch
            {
                "permutation" => [.. random.Permutation(count).Select(value => (double)value)],
                "normal" => Draw(count, () => random.Normal(arguments[0], arguments[1])),
                "uniform" => Draw(count, () => random.Uniform(arguments[0], arguments[1])),
                _ => Draw(count, random.NextDouble),
            };
            if (kind == "normal")
            {
                // numpy's logarithm is the C library's, which differs in the last bit from system to system.
                Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 4e-16 * Math.Abs(pair.First)));
            }
            else
            {
                Assert.Equal(expected, actual[..expected.Length]);
            }
        }
    }

    /// <summary>The test of the generator's authors: the 10,000th word of seed 5489 (also in the C++ standard).</summary>
    [Fact]
    public void The_ten_thousandth_word_is_the_published_one()
    {
        var random = new NumpyRandom(5489);
        for (int i = 1; i < 10_000; i++)
        {
            random.NextUInt32();
        }

        Assert.Equal(4123659995u, random.NextUInt32());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4294967296)]
    public void A_seed_outside_32_bits_is_refused(long seed)
        => Assert.Throws<ArgumentOutOfRangeException>(() => new NumpyRandom(seed));

    [Fact]
    public void Seeding_forgets_the_waiting_normal()
    {
        var random = new NumpyRandom(1);
        double first = random.Normal(0, 1);
        random.Seed(1);
        Assert.Equal(first, random.Normal(0, 1));
    }

    [Fact]
    public void Filling_equals_drawing_one_by_one()
    {
        Gen.Select(Gen.UInt, Gen.Int[0, 700], Gen.Int[0, 1500]).Sample((seed, words, count) =>
        {
            var one = new NumpyRandom(seed);
            for (int i = 0; i < words; i++)
            {
                one.NextUInt32();
            }

            NumpyRandom bulk = one.Clone();
            var doubles = new double[count];
            var singles = new float[count];
            bulk.FillUniform(doubles, -0.3, 0.7);
            bulk.FillUniform(singles, -0.3, 0.7);
            Assert.Equal(Draw(count, () => one.Uniform(-0.3, 0.7)), doubles);
            Assert.Equal(Draw(count, () => one.Uniform(-0.3, 0.7)).Select(value => (float)value), singles);
            Assert.Equal(one.NextUInt32(), bulk.NextUInt32());
        });
    }

    [Fact]
    public void A_state_restored_continues_alike()
    {
        Gen.Select(Gen.UInt, Gen.Int[0, 1300], Gen.Int[0, 3]).Sample((seed, words, normals) =>
        {
            var random = new NumpyRandom(seed);
            for (int i = 0; i < words; i++)
            {
                random.NextUInt32();
            }

            for (int i = 0; i < normals; i++)
            {
                random.Normal(0, 1);
            }

            // By way of text, as a checkpoint does.
            string text = JsonSerializer.Serialize(random.State);
            var restored = new NumpyRandom(JsonSerializer.Deserialize<NumpyRandomState>(text)!);
            Assert.Equal(Draw(5, () => random.Normal(1, 2)), Draw(5, () => restored.Normal(1, 2)));
            Assert.Equal(random.Permutation(20), restored.Permutation(20));
            Assert.Equal(Draw(700, random.NextDouble), Draw(700, restored.NextDouble));
        });
    }

    [Fact]
    public void A_state_of_the_wrong_size_is_refused()
    {
        NumpyRandomState state = new NumpyRandom(1).State;
        Assert.Throws<ArgumentException>(() => new NumpyRandom(state with { Words = state.Words.RemoveAt(0) }));
        Assert.Throws<ArgumentException>(() => new NumpyRandom(state with { Position = 625 }));
    }

    [Fact]
    public void A_permutation_holds_every_number_once()
    {
        Gen.Select(Gen.UInt, Gen.Int[0, 300]).Sample((seed, count) =>
            Assert.Equal(Enumerable.Range(0, count), new NumpyRandom(seed).Permutation(count).Order()));
    }

    [Fact]
    public void An_interval_is_never_left()
    {
        Gen.Select(Gen.UInt, Gen.ULong).Sample((seed, maximum) => new NumpyRandom(seed).NextInterval(maximum) <= maximum);
    }

    private static double[] Draw(int count, Func<double> next)
    {
        var values = new double[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = next();
        }

        return values;
    }

    [Fact]
    public void A_state_in_bytes_goes_on_where_it_was_taken()
    {
        var random = new NumpyRandom(3);
        var state = new byte[NumpyRandom.StateBytes];
        for (int draw = 0; draw < 5; draw++)
        {
            random.SaveState(state);
            var other = new NumpyRandom(99);
            other.RestoreState(state);
            Assert.Equal(random.Normal(0, 1), other.Normal(0, 1));
            Assert.Equal(random.NextDouble(), other.NextDouble());
        }

        Assert.Throws<ArgumentException>(() => random.RestoreState(new byte[7]));
    }
}
