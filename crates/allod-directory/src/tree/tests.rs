use super::*;

fn node(bits: u16, first: u8, value: u8) -> TreeNode {
    let mut path = [0; 32];
    path[0] = first;
    TreeNode { label: allod_wire::directory::NodeLabel { bits, path }, value: [value; 32].into() }
}

fn verify(inserted: Vec<TreeNode>, unchanged: Vec<TreeNode>, before: [u8; 32]) -> Result<usize, ProofError> {
    let after = EpochRoot { epoch: 1, root: [9; 32].into() };
    AppendOnlyProofIn(AppendOnlyProof { inserted, unchanged })
        .verify(&EpochRoot { epoch: 0, root: before.into() }, &after)
}

#[test]
fn the_order_of_the_nodes_does_not_matter_y_10() {
    let nodes = [node(2, 0x00, 1), node(3, 0x40, 2), node(256, 0x7f, 3), node(1, 0x80, 4)];
    let mut turned = nodes;
    turned.reverse();
    assert_eq!(root(&mut nodes.to_vec()), root(&mut turned));
    assert_ne!(root(&mut turned[1..]), root(&mut turned));
}

#[test]
fn the_empty_tree_has_the_root_of_epoch_zero_y_10() {
    assert_eq!(root(&mut []).unwrap(), <[u8; 32]>::from(crate::empty().root));
}

#[test]
fn a_label_that_is_part_of_another_is_refused_y_10() {
    for nodes in [
        [node(3, 0x40, 1), node(256, 0x5f, 2)], // 010 and 01011…
        [node(256, 0x40, 1), node(3, 0x40, 2)], // 0100…0 and 010: equal but for their length
        [node(256, 0x40, 1), node(256, 0x40, 2)],
    ] {
        assert_eq!(root(&mut nodes.to_vec()), Err(ProofError::Impossible));
    }
}

#[test]
fn labels_that_are_no_places_are_refused_y_10() {
    let leaf = node(256, 0x10, 1);
    let zero = [0; 32];
    assert_eq!(verify(vec![leaf], vec![], zero), Err(ProofError::NotShown));
    assert_eq!(verify(vec![], vec![], zero), Err(ProofError::Impossible));
    assert_eq!(verify(vec![node(255, 0x10, 1)], vec![], zero), Err(ProofError::Impossible));
    assert_eq!(verify(vec![leaf], vec![node(0, 0, 1)], zero), Err(ProofError::Impossible));
    // A bit that does not count is set.
    assert_eq!(verify(vec![leaf], vec![node(3, 0x81, 1)], zero), Err(ProofError::Impossible));
}
