using System.Text.Json;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Generating;
using Dlrm.Data.Numpy;
using Dlrm.Data.ReferenceFiles;
using Dlrm.Interop.Tests;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Data.Tests.ReferenceFiles;

/// <summary>Against files and batches of the reference itself (TestData/make_reference_files.py), and numpy.</summary>
public sealed class ReferenceFilesTests
{
    private static readonly JsonElement Reference = Load();

    [Theory]
    [InlineData("none")]
    [InlineData("total")]
    public void A_processed_file_gives_the_references_batches(string randomize)
    {
        using var folder = new TemporaryFolder();
        WriteFiles(folder, "kaggleAdDisplayChallenge_processed.npz", "train_day_count.npz", "train_fea_count.npz");
        ReferenceImport.Run([folder["kaggleAdDisplayChallenge_processed.npz"]], folder["made"], overwrite: false);
        using DataSetFolder set = DataSetFolder.Open(folder["made"], verify: true);
        var random = new NumpyRandom(123);
        int[]? order = CriteoFolder.Order(set, Enum.Parse<CriteoRandomize>(randomize, ignoreCase: true), memoryMap: false, random);
        JsonElement expected = Reference.GetProperty("orders").GetProperty(randomize);
        using FolderBatchSource train = order is null ? new FolderBatchSource(set, "train", 20) : new FolderBatchSource(set, "train", 20, order);
        using var test = new FolderBatchSource(set, "test", 20);
        foreach ((FolderBatchSource source, JsonElement batch) in new[] { (train, expected[0]), (test, expected[1]) })
        {
            Assert.Equal(batch.GetProperty("rows").GetInt64(), source.SampleCount);
            using var read = new Batch(13, 26);
            source.Read(0, read);
            AssertSame(batch, read);
        }
    }

    [Fact]
    public void The_binary_form_gives_the_references_batches()
    {
        using var folder = new TemporaryFolder();
        MakeFolder(folder);
        ReferenceExport.Run(folder["made"], folder["out"], ReferenceFormat.Binary);
        string file = Path.Combine(folder["out"], "terabyte_processed_train.bin");
        IReadOnlyList<int> counts = BinaryBatchSource.ReadCounts(Path.Combine(folder["out"], "day_fea_count.npz"));
        JsonElement expected = Reference.GetProperty("bin");
        using var source = new BinaryBatchSource(file, counts, 50, maxIndexRange: 10);
        Assert.Equal(expected.GetProperty("rows").GetInt64(), source.SampleCount);
        Assert.All(source.TableRows, rows => Assert.InRange(rows, 1, 10));
        using var batch = new Batch(13, 26);
        source.Read(3, batch);
        AssertSame(expected, batch);
    }

    [Fact]
    public void Shuffled_batches_are_the_same_ones_in_an_order_of_seed_and_pass()
    {
        using var folder = new TemporaryFolder();
        MakeFolder(folder);
        ReferenceExport.Run(folder["made"], folder["out"], ReferenceFormat.Binary);
        string file = Path.Combine(folder["out"], "terabyte_processed_train.bin");
        IReadOnlyList<int> counts = BinaryBatchSource.ReadCounts(Path.Combine(folder["out"], "day_fea_count.npz"));
        using var plain = new BinaryBatchSource(file, counts, 10);
        using var shuffled = new BinaryBatchSource(file, counts, 10, shuffleSeed: 5);
        using var again = new BinaryBatchSource(file, counts, 10, shuffleSeed: 5);
        string[] first = Pass(shuffled);
        string[] second = Pass(shuffled);
        Assert.Equal(first, Pass(again));
        Assert.Equal(Pass(plain).Order(), first.Order());
        Assert.Equal(first.Order(), second.Order());
        Assert.NotEqual(first, second);
        byte[] position = new byte[again.PositionBytes];
        shuffled.SavePosition(position);
        using var resumed = new BinaryBatchSource(file, counts, 10, shuffleSeed: 5);
        resumed.RestorePosition(position);
        using var batch = new Batch(13, 26);
        resumed.Read(4, batch);
        Assert.Equal(second[4], Text(batch));
    }

    [Theory]
    [InlineData(ReferenceFormat.Processed, "kaggleAdDisplayChallenge_processed.npz")]
    [InlineData(ReferenceFormat.Days, "day_*_reordered.npz")]
    [InlineData(ReferenceFormat.Binary, "terabyte_processed_*.bin")]
    [InlineData(ReferenceFormat.TorchRec, "day_*_labels.npy")]
    public void What_is_written_reads_back_the_same(ReferenceFormat format, string pattern)
    {
        using var folder = new TemporaryFolder();
        MakeFolder(folder);
        ReferenceExport.Run(folder["made"], folder["out"], format);
        string[] files = [.. Directory.GetFiles(folder["out"], pattern).Order(StringComparer.Ordinal)];
        DataSetDescription description = ReferenceImport.Run(files, folder["back"], overwrite: false);
        using DataSetFolder before = DataSetFolder.Open(folder["made"]);
        using DataSetFolder after = DataSetFolder.Open(folder["back"]);
        if (format != ReferenceFormat.TorchRec)
        {
            Assert.Equal(before.TableRows, after.TableRows);
        }

        foreach (string part in new[] { "train", "test", "validation" })
        {
            using var one = new FolderBatchSource(before, part, 64);
            using var two = new FolderBatchSource(after, part, 64);
            Assert.Equal(Pass(one), Pass(two));
        }

        Assert.Empty(Directory.GetFiles(folder["out"], "*.partial"));
        if (format != ReferenceFormat.Binary)
        {
            Assert.Equal(before.Description.Splits[0].Days, description.Splits[0].Days);
        }
    }

    [Fact]
    public void Numpy_opens_what_is_written()
    {
        Python.Require("numpy");
        using var folder = new TemporaryFolder();
        MakeFolder(folder);
        foreach (ReferenceFormat format in Enum.GetValues<ReferenceFormat>())
        {
            ReferenceExport.Run(folder["made"], folder["out"], format);
        }

        string output = Python.Run(
            """
            import os, sys
            import numpy as np
            d = sys.argv[1] + '/'
            a = np.load(d + 'kaggleAdDisplayChallenge_processed.npz')
            b = [np.load(d + 'day_%d_reordered.npz' % i) for i in range(7)]
            n = len(a['y'])
            assert a['X_int'].shape == (n, 13) and a['X_cat'].shape == (n, 26) and a['X_int'].dtype == np.int32
            for k in ('X_int', 'X_cat', 'y'):
                assert np.array_equal(a[k], np.concatenate([x[k] for x in b]))
            assert list(np.load(d + 'day_day_count.npz')['total_per_file']) == [len(x['y']) for x in b]
            assert np.array_equal(np.load(d + 'train_fea_count.npz')['counts'], a['counts'])
            raw = np.concatenate([np.fromfile(d + 'terabyte_processed_%s.bin' % s, np.int32) for s in ('train', 'test', 'val')]).reshape(-1, 40)
            assert np.array_equal(raw, np.concatenate([a['y'].reshape(-1, 1), a['X_int'], a['X_cat']], axis=1))
            dense = np.concatenate([np.load(d + 'day_%d_dense.npy' % i) for i in range(7)])
            sparse = np.concatenate([np.load(d + 'day_%d_sparse.npy' % i) for i in range(7)])
            labels = np.concatenate([np.load(d + 'day_%d_labels.npy' % i) for i in range(7)])
            assert dense.dtype == np.float32 and np.allclose(dense, np.log(a['X_int'].astype(np.float32) + 1), rtol=1e-6)
            assert np.array_equal(sparse, a['X_cat']) and np.array_equal(labels[:, 0], a['y'])
            print(n)
            """, folder["out"]);
        Assert.Equal("211", output.Trim());
    }

    [Fact]
    public void Multi_hot_arrays_of_numpy_become_bags_and_go_back()
    {
        Python.Require("numpy");
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["in"]);
        Python.Run(
            """
            import sys
            import numpy as np
            r = np.random.RandomState(1)
            for day in range(2):
                n = 30 + day
                d = sys.argv[1] + '/day_%d_' % day
                np.save(d + 'labels.npy', r.randint(0, 2, (n, 1)).astype(np.int32))
                np.save(d + 'dense.npy', r.rand(n, 13).astype(np.float32))
                np.savez(d + 'sparse_multi_hot.npz', **{str(t): r.randint(0, 50, (n, 1 + t % 3)).astype(np.int32) for t in range(26)})
            """, folder["in"]);
        string[] files = [Path.Combine(folder["in"], "day_0_labels.npy"), Path.Combine(folder["in"], "day_1_labels.npy")];
        DataSetDescription made = ReferenceImport.Run(files, folder["made"], overwrite: false);
        Assert.Equal([30L, 16, 15], made.Splits.Select(split => split.Rows));
        using (DataSetFolder set = DataSetFolder.Open(folder["made"]))
        using (var source = new FolderBatchSource(set, "train", 30))
        using (var batch = new Batch(13, 26))
        {
            source.Read(0, batch);
            Assert.Equal(90, batch.Indices(2).Length);
            Assert.Equal([0, 3, 6], batch.Offsets(2)[..3].ToArray());
        }

        ReferenceExport.Run(folder["made"], folder["out"], ReferenceFormat.TorchRec);
        Assert.Equal("same", Python.Run(
            """
            import sys, zipfile
            import numpy as np
            for day in range(2):
                a, b = (d + '/day_%d_' % day for d in sys.argv[1:3])
                for name in ('labels', 'dense'):
                    x, y = np.load(a + name + '.npy'), np.load(b + name + '.npy')
                    assert x.dtype == y.dtype and np.array_equal(x, y)
                x, y = np.load(a + 'sparse_multi_hot.npz'), np.load(b + 'sparse_multi_hot.npz')
                assert sorted(x.files) == sorted(y.files) and all(np.array_equal(x[k], y[k]) and x[k].dtype == y[k].dtype for k in x.files)
                assert all(i.compress_type == zipfile.ZIP_STORED for i in zipfile.ZipFile(b + 'sparse_multi_hot.npz').infolist())
            print('same')
            """, folder["in"], folder["out"]).Trim());
    }

    [Fact]
    public void Objects_are_refused_unread()
    {
        byte[] file = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, 60, 0, .. System.Text.Encoding.ASCII.GetBytes(
            "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }".PadRight(59) + "\n")];
        Assert.Contains("objects and structures are not read", Assert.Throws<BadDataException>(() => NpyArray.ReadInts(new MemoryStream(file), "x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_is_named()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.npz", "no zip at all");
        Assert.Throws<BadDataException>(() => ReferenceImport.Run([folder["a.npz"]], folder["out"], overwrite: false));
        folder.Write("a_train.bin", new byte[161]);
        Assert.Contains("161 bytes", Assert.Throws<BadDataException>(() => ReferenceImport.Run([folder["a_train.bin"]], folder["out"], overwrite: false)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out.partial"]));
        var cut = new MemoryStream();
        new NpyHeader("<i4", [10], Fortran: false).Write(cut);
        cut.Write(new byte[39]);
        cut.Position = 0;
        Assert.Contains("breaks off", Assert.Throws<BadDataException>(() => NpyArray.ReadInts(cut, "x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_count_is_found_from_its_logarithm()
    {
        foreach (int count in Enumerable.Range(0, 20_000).Concat([1_000_003, 16_777_217, 123_456_789, int.MaxValue]))
        {
            float logarithm = LogarithmOfOnePlus.Of(count);
            int found = ReferenceExport.CountOf(logarithm, "x");
            Assert.Equal(logarithm, LogarithmOfOnePlus.Of(found));
            Assert.True(count >= 100_000 || found == count);
        }

        Assert.Throws<BadDataException>(() => ReferenceExport.CountOf(0.5f, "x"));
    }

    [Fact]
    public void Generated_rows_can_be_written_too()
    {
        using var folder = new TemporaryFolder();
        Generator.Run(new GeneratorOptions { Rows = 70, Output = folder["made"], MaxTableRows = 100 });
        Assert.Contains("terabyte_processed_val.bin", ReferenceExport.Run(folder["made"], folder["out"], ReferenceFormat.Binary));
    }

    private static void MakeFolder(TemporaryFolder folder)
    {
        WriteFiles(folder, "kaggleAdDisplayChallenge_processed.npz", "train_day_count.npz", "train_fea_count.npz");
        ReferenceImport.Run([folder["kaggleAdDisplayChallenge_processed.npz"]], folder["made"], overwrite: false);
    }

    private static void WriteFiles(TemporaryFolder folder, params string[] names)
    {
        foreach (string name in names)
        {
            folder.Write(name, Reference.GetProperty("files").GetProperty(name).GetBytesFromBase64());
        }
    }

    private static string[] Pass(IBatchSource source)
    {
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        var texts = new string[source.BatchCount];
        for (int index = 0; index < texts.Length; index++)
        {
            source.Read(index, batch);
            texts[index] = Text(batch);
        }

        return texts;
    }

    private static string Text(Batch batch) => string.Join(
        ' ', batch.Labels.ToArray().Concat(batch.Dense.ToArray()).Select(value => BitConverter.SingleToInt32Bits(value))
            .Concat(Enumerable.Range(0, batch.Tables).SelectMany(table => batch.Indices(table).ToArray())));

    private static void AssertSame(JsonElement expected, Batch batch)
    {
        static IEnumerable<JsonElement> All(JsonElement values) => values.EnumerateArray();
        Assert.Equal(All(expected.GetProperty("labels")).Select(value => value.GetSingle()), batch.Labels.ToArray());

        // PyTorch's logarithm is the nearest float32 or the one beside it.
        float[] dense = [.. All(expected.GetProperty("dense")).Select(value => value.GetSingle())];
        Assert.Equal(dense.Length, batch.Dense.Length);
        for (int place = 0; place < dense.Length; place++)
        {
            Assert.Equal(dense[place], batch.Dense[place], 1.2e-7f * Math.Max(1, dense[place]));
        }

        int table = 0;
        foreach (JsonElement indices in All(expected.GetProperty("indices")))
        {
            Assert.Equal(All(indices).Select(value => value.GetInt32()), batch.Indices(table++).ToArray());
        }
    }

    private static JsonElement Load()
    {
        using Stream stream = typeof(ReferenceFilesTests).Assembly.GetManifestResourceStream("reference-files.json")!;
        using JsonDocument document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
