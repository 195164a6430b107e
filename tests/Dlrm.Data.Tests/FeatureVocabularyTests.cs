using Xunit;

namespace Dlrm.Data.Tests;

/// <summary>Values get indices by frequency threshold, in order of first appearance.</summary>
public sealed class FeatureVocabularyTests
{
    [Fact]
    public void Rare_and_unseen_values_share_index_0()
    {
        FeatureVocabulary vocabulary = FeatureVocabulary.Count("colour", ["red", "blue", "green", "blue", "red"], atLeast: 2);
        Assert.Equal([FeatureVocabulary.Other, "red", "blue"], vocabulary.Values);
        Assert.Equal((1, 2, 0, 0), (vocabulary.IndexOf("red"), vocabulary.IndexOf("blue"), vocabulary.IndexOf("green"), vocabulary.IndexOf("black")));
        Assert.Equal(0, vocabulary.IndexOf(FeatureVocabulary.Other));
    }
}
