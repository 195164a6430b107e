using System.Runtime.InteropServices;
using Dlrm.Checkpoints;
using Dlrm.Memory;
using Xunit;

namespace Dlrm.Tests.Checkpoints;

public sealed class ModelFolderTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly SampleModel _model = new(1);

    [Fact]
    public void A_saved_model_is_read_back_to_the_bit()
    {
        _model.Parameters[0].Value[3] = BitConverter.Int32BitsToSingle(unchecked((int)0x80000001));
        ModelFolder.Save(_temporary.At("model"), _model.Contents);

        using var folder = ModelFolder.Open(_temporary.At("model"));
        using var read = new SampleModel(100);
        folder.ReadAll(read.Parameters);

        Assert.Equal(SampleModel.Config, folder.ConfigJson);
        Assert.Equal("""{"step":7}""", folder.StateJson);
        Assert.Equal(Bits(_model), Bits(read));
    }

    [Fact]
    public void Saving_twice_gives_the_same_bytes()
    {
        ModelFolder.Save(_temporary.At("a"), _model.Contents);
        ModelFolder.Save(_temporary.At("b"), _model.Contents);
        foreach (string file in Directory.GetFiles(_temporary.At("a")))
        {
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(_temporary.At("b"), Path.GetFileName(file))));
        }
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("state.json")]
    public void A_flipped_bit_is_found_and_the_file_named(string name)
    {
        ModelFolder.Save(_temporary.At("model"), _model.Contents);
        string path = Path.Combine(_temporary.At("model"), name);
        byte[] original = File.ReadAllBytes(path);
        for (int position = 0; position < original.Length; position++)
        {
            byte[] damaged = [.. original];
            damaged[position] ^= (byte)(1 << (position % 8));
            File.WriteAllBytes(path, damaged);
            Assert.Contains(path, OpenFailure().Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("manifest.json")]
    public void A_truncated_file_is_found_and_named(string name)
    {
        ModelFolder.Save(_temporary.At("model"), _model.Contents);
        string path = Path.Combine(_temporary.At("model"), name);
        byte[] original = File.ReadAllBytes(path);
        for (int length = 0; length < original.Length - 1; length++)
        {
            File.WriteAllBytes(path, original[..length]);
            Assert.Contains(path, OpenFailure().Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_damaged_manifest_never_passes_for_another_model()
    {
        ModelFolder.Save(_temporary.At("model"), _model.Contents);
        string path = Path.Combine(_temporary.At("model"), "manifest.json");
        byte[] original = File.ReadAllBytes(path);
        for (int bit = 0; bit < original.Length * 8; bit++)
        {
            byte[] damaged = [.. original];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(path, damaged);
            try
            {
                // White space, and hexadecimal digits in upper case, may change; what is read may not.
                Assert.Equal(1, SampleModel.FirstValueOf(_temporary.At("model")));
            }
            catch (InvalidDataException exception)
            {
                Assert.Contains(_temporary.At("model"), exception.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("manifest.json")]
    public void A_missing_file_is_named(string name)
    {
        ModelFolder.Save(_temporary.At("model"), _model.Contents);
        File.Delete(Path.Combine(_temporary.At("model"), name));
        Assert.Contains(name, OpenFailure().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_that_nobody_saved_are_refused_but_notes_are_not()
    {
        ModelFolder.Save(_temporary.At("model"), _model.Contents);
        File.WriteAllText(Path.Combine(_temporary.At("model"), "README.md"), "mine");
        Assert.Equal(1, SampleModel.FirstValueOf(_temporary.At("model")));
        File.WriteAllText(Path.Combine(_temporary.At("model"), "model-00002-of-00002.safetensors"), "");
        Assert.Contains("model-00002-of-00002.safetensors", OpenFailure().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_and_a_strange_one_are_named()
    {
        Assert.Contains("none", Assert.Throws<DirectoryNotFoundException>(() => ModelFolder.Open(_temporary.At("none"))).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_temporary.At("model"));
        Assert.Contains("no saved model", OpenFailure().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_shape_a_missing_and_an_unwanted_tensor_are_named()
    {
        ModelFolder.Save(_temporary.At("model"), SampleModel.Config, _model.Parameters);
        using var folder = ModelFolder.Open(_temporary.At("model"));
        using var buffer = new NativeBuffer<float>(6);

        string shape = Assert.Throws<InvalidDataException>(() => folder.ReadInto("bot_l.0.weight", buffer, [2, 3])).Message;
        Assert.Contains("'bot_l.0.weight' is F32 (3, 2), expected F32 (2, 3)", shape, StringComparison.Ordinal);
        string missing = Assert.Throws<InvalidDataException>(() => folder.ReadInto("bot_l.2.weight", buffer, [2, 3])).Message;
        Assert.Contains("no tensor 'bot_l.2.weight'; it holds bot_l.0.bias, ", missing, StringComparison.Ordinal);
        string unwanted = Assert.Throws<InvalidDataException>(() => folder.ReadAll(_model.Parameters[..3])).Message;
        Assert.Contains("'bot_l.0.bias'", unwanted, StringComparison.Ordinal);
        using var small = new NativeBuffer<float>(5);
        Assert.Throws<ArgumentException>(() => folder.ReadInto("bot_l.0.weight", small, [3, 2]));
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(24, 4)]
    [InlineData(64, 2)]
    [InlineData(1000, 1)]
    public void Tensors_beyond_the_limit_go_to_shards(long limit, int shards)
    {
        string path = _temporary.At("model");
        ModelFolder.Save(path, _model.Contents with { ShardBytes = limit });

        string[] files = [.. Directory.GetFiles(path, "*.safetensors").Select(Path.GetFileName).Order(StringComparer.Ordinal)!];
        Assert.Equal(shards, files.Length);
        Assert.Equal(shards == 1 ? "model.safetensors" : $"model-00001-of-{shards:00000}.safetensors", files[0]);
        Assert.Equal(shards > 1, File.Exists(Path.Combine(path, "model.safetensors.index.json")));
        using var folder = ModelFolder.Open(path);
        using var read = new SampleModel(50);
        folder.ReadAll(read.Parameters);
        Assert.Equal(Bits(_model), Bits(read));
    }

    [Fact]
    public void An_index_that_disagrees_with_its_shards_is_refused()
    {
        string path = _temporary.At("model");
        ModelFolder.Save(path, _model.Contents with { ShardBytes = 1 });
        string index = Path.Combine(path, "model.safetensors.index.json");
        string original = File.ReadAllText(index);
        string[] changes =
        [
            original.Replace("00001-of", "00002-of", StringComparison.Ordinal),
            original.Replace("\"model-00001", "\"../model-00001", StringComparison.Ordinal),
            original.Replace("emb_l.0", "emb_l.9", StringComparison.Ordinal),
            original.Replace("weight_map", "weights", StringComparison.Ordinal),
        ];
        foreach (string changed in changes)
        {
            File.WriteAllText(index, changed);
            Assert.Contains(index, Assert.Throws<InvalidDataException>(() => TensorFiles.Open(path, "model")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Optimizer_state_and_further_files_come_back()
    {
        using var state = new NativeBuffer<int>(3);
        state[1] = -5;
        string path = _temporary.At("model");
        ModelFolder.Save(path, _model.Contents with
        {
            OptimizerTensors = [TensorSource.Of("emb_l.0.sum", [3], state)],
            Files = new Dictionary<string, Action<Stream>> { ["vocabulary.bin"] = stream => stream.Write([1, 2, 3]) },
        });

        using var folder = ModelFolder.Open(path);
        using var read = new NativeBuffer<int>(3);
        folder.ReadOptimizerInto("emb_l.0.sum", read, [3]);
        Assert.Equal([0, -5, 0], read.Span.ToArray());
        using Stream vocabulary = folder.OpenFile("vocabulary.bin");
        Assert.Equal(1, vocabulary.ReadByte());
        Assert.Throws<InvalidDataException>(() => folder.OpenFile("other.bin"));
    }

    [Fact]
    public void What_is_not_JSON_or_a_plain_name_is_not_saved()
    {
        string path = _temporary.At("model");
        Assert.Throws<ArgumentException>(() => ModelFolder.Save(path, _model.Contents with { ConfigJson = "{" }));
        Assert.Throws<ArgumentException>(() => ModelFolder.Save(path, _model.Contents with { StateJson = "" }));
        foreach (string name in (string[])["../x", "manifest.json", "config.json", "", "a/b", ".."])
        {
            var files = new Dictionary<string, Action<Stream>> { [name] = _ => { } };
            Assert.Throws<ArgumentException>(() => ModelFolder.Save(path, _model.Contents with { Files = files }));
        }

        var twice = _model.Parameters.Append(_model.Parameters[0]);
        Assert.Throws<ArgumentException>(() => ModelFolder.Save(path, SampleModel.Config, twice));
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Root));
    }

    public void Dispose()
    {
        _model.Dispose();
        _temporary.Dispose();
    }

    private static int[][] Bits(SampleModel model)
        => [.. model.Values.Select(values => MemoryMarshal.Cast<float, int>(values).ToArray())];

    private InvalidDataException OpenFailure()
        => Assert.Throws<InvalidDataException>(() => ModelFolder.Open(_temporary.At("model")).Dispose());
}
