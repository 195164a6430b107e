using Dlrm.Checkpoints;
using Xunit;

namespace Dlrm.Tests.Checkpoints;

public sealed class AtomicFolderTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly SampleModel _old = new(1);
    private readonly SampleModel _new = new(2);

    private string Path => _temporary.At("model");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_failure_at_any_step_leaves_the_old_model_or_the_new_one(bool canExchange)
    {
        bool failed = true;
        int newModels = 0;
        int failAt = 0;
        for (; failed; failAt++)
        {
            using var temporary = new TemporaryFolder();
            string path = temporary.At("model");
            ModelFolder.Save(path, _old.Contents);
            var layer = new FailingLayer(failAt, canExchange);
            bool threw = false;
            try
            {
                ModelFolder.Save(path, _new.Contents, layer);
            }
            catch (IOException exception)
            {
                Assert.StartsWith("Step ", exception.Message, StringComparison.Ordinal);
                threw = true;
            }

            failed = layer.HasFailed;
            float found = SampleModel.FirstValueOf(path);
            newModels += found == 2 ? 1 : 0;
            Assert.True(found == (threw ? 1 : 2) || (threw && newModels > 0), $"step {failAt}: found model {found}");

            // Whatever was left behind, the next save works and clears it away.
            ModelFolder.Save(path, _new.Contents);
            Assert.Equal(2, SampleModel.FirstValueOf(path));
            Assert.Equal([path], Directory.GetFileSystemEntries(temporary.Root));
        }

        Assert.True(failAt > 20, $"only {failAt} steps could fail");
    }

    [Fact]
    public void A_failure_at_any_step_of_a_first_save_leaves_no_folder()
    {
        for (int failAt = 0; failAt < 12; failAt++)
        {
            Assert.Throws<IOException>(() => ModelFolder.Save(Path, _new.Contents, new FailingLayer(failAt, true)));
            Assert.False(Directory.Exists(Path));
        }
    }

    [Fact]
    public void A_folder_set_aside_by_a_crash_is_found_and_restored()
    {
        ModelFolder.Save(Path, _old.Contents);
        Directory.Move(Path, Path + ".old-abcdefgh");
        Assert.Equal(1, SampleModel.FirstValueOf(Path));

        using (AtomicFolder.Begin(Path))
        {
            Assert.True(Directory.Exists(Path));
        }

        Assert.Equal([Path], Directory.GetFileSystemEntries(_temporary.Root));
    }

    [Fact]
    public void Leftovers_of_a_crash_are_cleared_and_other_folders_are_not()
    {
        string[] others = ["model.tmp", "model.tmp-abc", "model.old-", "model2.tmp-abcdefgh", "model.tmp-abcdefghi"];
        foreach (string name in others.Append("model.tmp-abcdefgh"))
        {
            Directory.CreateDirectory(_temporary.At(name));
        }

        ModelFolder.Save(Path, _new.Contents);
        Assert.Equal(
            others.Append("model").Select(_temporary.At).Order(StringComparer.Ordinal),
            Directory.GetDirectories(_temporary.Root).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_of_other_files_is_never_replaced()
    {
        Directory.CreateDirectory(Path);
        ModelFolder.Save(Path, _old.Contents); // an empty one may be
        Assert.Equal(1, SampleModel.FirstValueOf(Path));

        string home = _temporary.At("home");
        Directory.CreateDirectory(home);
        File.WriteAllText(System.IO.Path.Combine(home, "thesis.txt"), "years of work");
        Assert.Contains(home, Assert.Throws<IOException>(() => ModelFolder.Save(home, _new.Contents)).Message, StringComparison.Ordinal);
        Assert.Equal(["thesis.txt"], Directory.GetFiles(home).Select(System.IO.Path.GetFileName));

        string file = _temporary.At("file");
        File.WriteAllText(file, "");
        Assert.Contains("is a file", Assert.Throws<IOException>(() => ModelFolder.Save(file, _new.Contents)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_others_put_into_a_saved_folder_moves_along(bool canExchange)
    {
        ModelFolder.Save(Path, _old.Contents);
        File.WriteAllText(System.IO.Path.Combine(Path, "README.md"), "mine");
        Directory.CreateDirectory(System.IO.Path.Combine(Path, "plots"));

        ModelFolder.Save(Path, _new.Contents with { StateJson = null }, new FailingLayer(int.MaxValue, canExchange));

        Assert.Equal(2, SampleModel.FirstValueOf(Path));
        Assert.Equal("mine", File.ReadAllText(System.IO.Path.Combine(Path, "README.md")));
        Assert.True(Directory.Exists(System.IO.Path.Combine(Path, "plots")));
        Assert.False(File.Exists(System.IO.Path.Combine(Path, "state.json")));
        Assert.Equal([Path], Directory.GetFileSystemEntries(_temporary.Root));
    }

    [Fact]
    public void A_link_stays_a_link()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // making links needs a privilege there
        }

        ModelFolder.Save(Path, _old.Contents);
        string link = _temporary.At("latest");
        Directory.CreateSymbolicLink(link, Path);
        ModelFolder.Save(link + "/", _new.Contents);
        Assert.Equal(2, SampleModel.FirstValueOf(Path));
        Assert.Equal(Path, Directory.ResolveLinkTarget(link, returnFinalTarget: true)!.FullName);
    }

    [Fact]
    public void A_reader_keeps_its_model_while_another_takes_its_place()
    {
        ModelFolder.Save(Path, _old.Contents);
        using var folder = ModelFolder.Open(Path);
        ModelFolder.Save(Path, _new.Contents);
        using var read = new SampleModel(9);
        folder.ReadAll(read.Parameters);
        Assert.Equal(1, read.Values[0][0]);
    }

    public void Dispose()
    {
        _old.Dispose();
        _new.Dispose();
        _temporary.Dispose();
    }
}
