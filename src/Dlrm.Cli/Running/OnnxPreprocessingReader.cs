using Dlrm.Checkpoints;
using Dlrm.Cli.Options;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Interop.Onnx;

namespace Dlrm.Cli.Running;

/// <summary>--include-preprocessing: how raw values were encoded, from the files that a model folder carries.</summary>
internal static class OnnxPreprocessingReader
{
    /// <summary>Reads dataset.json and the vocabularies of a model folder.</summary>
    /// <param name="path">The folder, or that of a run.</param>
    /// <exception cref="UsageException">It has none, or a feature that ONNX cannot express; the message names it.</exception>
    public static OnnxPreprocessing Read(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new UsageException(
                $"{InteropOptions.IncludePreprocessing.Switch}: {path} is a file, which knows nothing of raw values: name the folder of a model "
                + "that was trained on a data set folder.");
        }

        using ModelFolder folder = ModelSetup.Open(path);
        if (!folder.FileNames.Contains(DataSetDescription.FileName))
        {
            throw new UsageException(
                $"{InteropOptions.IncludePreprocessing.Switch}: {path} holds no {DataSetDescription.FileName}, so it was not trained on a data set "
                + "folder: make one with dlrm preprocess, and train on it.");
        }

        using var reader = new StreamReader(folder.OpenFile(DataSetDescription.FileName));
        DataSetDescription description = DataSetDescription.FromJson(reader.ReadToEnd(), Path.Combine(path, DataSetDescription.FileName));
        return new OnnxPreprocessing
        {
            Dense = [.. description.Dense.Select(Dense)],
            Sparse = [.. description.Sparse.Select(feature => Sparse(folder, feature))],
        };
    }

    private static OnnxDenseFeature Dense(DenseFeature feature) => new()
    {
        Column = feature.Column,
        IsIndicator = feature.IsIndicator,
        ClipLow = feature.ClipLow,
        ClipHigh = feature.ClipHigh,
        Log1p = feature.Log1p,
        Shift = feature.Shift,
        Divisor = feature.Divisor,
        Borders = feature.Borders,
        Fill = feature.Fill,
        Encode = value => DenseEncoder.Encode(feature, value),
    };

    private static OnnxVocabulary Sparse(ModelFolder folder, SparseFeature feature)
    {
        string? cannot = feature switch
        {
            { Encoding: SparseEncoding.Hash } => "is hashed, and ONNX has no such hash",
            { IsBag: true } => "is a bag in one text, which no operator of this version divides",
            { Column: not null } => "is a number that is a category too, for which no operator has the bins",
            { Modulo: > 0 } => "is taken modulo a number before it is looked up",
            { Type: SparseType.Hex } => "holds hexadecimal numbers, which no operator reads",
            { OutOfVocabulary: false } => "has no row for values that training has not seen",
            _ => null,
        };
        if (cannot is not null)
        {
            throw new UsageException(
                $"{InteropOptions.IncludePreprocessing.Switch}: the feature '{feature.Name}' {cannot}. Leave the option out and encode the raw "
                + "values before, or preprocess with a vocabulary.");
        }

        using Stream stream = folder.OpenFile(feature.Vocabulary!);
        ValueDictionary values = VocabularyFile.Read(stream, feature.Vocabulary!).Values;
        return new OnnxVocabulary(
            feature.Name,
            [.. Enumerable.Range(0, values.Count).Select(number => VocabularyFile.Text(values[number]))],
            feature.Type == SparseType.Integer);
    }
}
