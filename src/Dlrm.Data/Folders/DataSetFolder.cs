using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using Apache.Arrow;
using Dlrm.Data.Lines;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Folders;

/// <summary>A data set on disk: dataset.json, row files (Arrow IPC, mapped and read in place), vocabularies.</summary>
public sealed class DataSetFolder : IDisposable
{
    private readonly List<RowFile> _files = [];

    private DataSetFolder(string path, DataSetDescription description)
    {
        FullPath = path;
        Description = description;
    }

    /// <summary>The folder.</summary>
    public string FullPath { get; }

    /// <summary>dataset.json.</summary>
    public DataSetDescription Description { get; }

    /// <summary>M: dense features of the model.</summary>
    public int DenseFeatures => Description.Dense.Count;

    /// <summary>Rows of the tables, (T).</summary>
    public IReadOnlyList<int> TableRows => [.. Description.Sparse.Select(feature => feature.TableRows)];

    /// <summary>True when <paramref name="path"/> is a folder with a dataset.json, and not a model, which carries one too.</summary>
    /// <param name="path">Any path.</param>
    public static bool IsDataSet(string path) =>
        File.Exists(Path.Combine(path, DataSetDescription.FileName)) && !File.Exists(Path.Combine(path, "manifest.json"));

    /// <summary>Reads dataset.json alone.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="BadDataException">It is no data set.</exception>
    public static DataSetDescription Describe(string path)
    {
        string full = Path.GetFullPath(path);
        if (!Directory.Exists(full))
        {
            throw new DirectoryNotFoundException($"{path}: there is no such folder. dlrm preprocess makes one.");
        }

        string json = Path.Combine(full, DataSetDescription.FileName);
        return File.Exists(json)
            ? DataSetDescription.FromJson(File.ReadAllText(json), json)
            : throw new BadDataException(path, "this folder has no dataset.json, so it is no data set. dlrm preprocess makes one.");
    }

    /// <summary>Opens a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="verify">True reads every byte and compares its hash; false compares lengths and columns.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="BadDataException">It is no data set, or not whole; the message names the file.</exception>
    public static DataSetFolder Open(string path, bool verify = false)
    {
        var folder = new DataSetFolder(Path.GetFullPath(path), Describe(path));
        try
        {
            folder.OpenFiles(verify);
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>The rows of a part.</summary>
    /// <param name="name">Its name, e.g. <c>train</c>.</param>
    /// <exception cref="ArgumentException">There is none; the message names those that there are.</exception>
    internal SplitRows Rows(string name) => new(this, Split(name), _files);

    /// <summary>A part of the data set.</summary>
    /// <param name="name">Its name, e.g. <c>train</c>.</param>
    /// <exception cref="ArgumentException">There is none; the message names those that there are.</exception>
    public SplitEntry Split(string name) =>
        Description.Splits.FirstOrDefault(split => split.Name == name)
        ?? throw new ArgumentException(
            $"{FullPath} has no part '{name}'; it has {string.Join(", ", Description.Splits.Select(split => split.Name))}.");

    /// <summary>The vocabulary of a feature, null when it is hashed.</summary>
    internal ValueDictionary? Vocabulary(SparseFeature feature)
    {
        if (feature.Vocabulary is not { } name)
        {
            return null;
        }

        string path = Path.Combine(FullPath, name);
        using FileStream stream = File.OpenRead(path);
        return VocabularyFile.Read(stream, path).Values;
    }

    /// <summary>What the rows of each table stand for; hashed features have a name and no values.</summary>
    /// <param name="values">False for the names of the features alone.</param>
    /// <exception cref="BadDataException">A vocabulary's file is damaged.</exception>
    public IReadOnlyList<FeatureVocabulary> Vocabularies(bool values)
    {
        return [.. Description.Sparse.Select(feature => new FeatureVocabulary(feature.Name, [.. Names(feature)]))];

        IEnumerable<string> Names(SparseFeature feature)
        {
            if (!values || Vocabulary(feature) is not { } dictionary)
            {
                yield break;
            }

            if (feature.OutOfVocabulary)
            {
                yield return FeatureVocabulary.Other;
            }

            for (int id = 0; id < dictionary.Count; id++)
            {
                yield return VocabularyFile.Text(dictionary[id]);
            }
        }
    }

    /// <summary>
    /// XxHash3 of how raw values are encoded: two data sets with the same one give a model the same meaning.
    /// </summary>
    public string EncodingHash => XxHash3.HashToUInt64(JsonSerializer.SerializeToUtf8Bytes(new
    {
        Description.Dense,
        Sparse = Description.Sparse.Select(feature => feature with { VocabularyHash = null }),
    })).ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>
    /// The files with which raw values are encoded as in training, by their names in a model folder: dataset.json and the
    /// vocabularies. Each is written by its action.
    /// </summary>
    public IReadOnlyDictionary<string, Action<Stream>> EncodingFiles()
    {
        IEnumerable<string> names = Description.Sparse.Select(feature => feature.Vocabulary).OfType<string>();
        return names.Prepend(DataSetDescription.FileName).ToDictionary(
            name => name,
            name => (Action<Stream>)(stream =>
            {
                using FileStream file = File.OpenRead(Path.Combine(FullPath, name));
                file.CopyTo(stream);
            }));
    }

    /// <summary>Unmaps the files; batch sources over them must not be read afterwards.</summary>
    public void Dispose()
    {
        foreach (RowFile file in _files)
        {
            file.Dispose();
        }
    }

    private static string HashFile(string path)
    {
        using FileStream stream = TextSource.OpenSequential(path);
        var hash = new XxHash3();
        hash.Append(stream);
        return hash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture);
    }

    private void OpenFiles(bool verify)
    {
        Schema schema = RowFileWriter.MakeSchema(
            Description.Dense.Select(feature => feature.Name), Description.Sparse.Select(feature => (feature.Name, feature.IsBag)),
            Description.Weight is not null, Description.Group is not null);
        foreach (RowFileEntry entry in Description.Files)
        {
            string path = Path.Combine(FullPath, entry.Name);
            Require(path, entry.Bytes, verify ? entry.XxHash3 : null);
            var file = new RowFile(path, schema);
            _files.Add(file);
            if (file.Rows != entry.Rows)
            {
                throw new BadDataException(path, $"has {file.Rows} rows, dataset.json says {entry.Rows}: make the data set again.");
            }
        }

        foreach (SparseFeature feature in Description.Sparse.Where(feature => feature.Vocabulary is not null))
        {
            Require(Path.Combine(FullPath, feature.Vocabulary!), bytes: null, verify ? feature.VocabularyHash : null);
        }
    }

    private static void Require(string path, long? bytes, string? hash)
    {
        if (!File.Exists(path))
        {
            throw new BadDataException(path, "is missing from the data set: make the data set again.");
        }

        long length = new FileInfo(path).Length;
        if (bytes is { } expected && length != expected)
        {
            throw new BadDataException(path, $"has {length} bytes, dataset.json says {expected}: make the data set again.");
        }

        if (hash is not null && HashFile(path) is var found && found != hash)
        {
            throw new BadDataException(path, $"its XxHash3 is {found}, dataset.json says {hash}: the file was changed or damaged. Make the data set again.");
        }
    }
}
